"""Predict a held-out case as a user would, and note how well that went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scoring import Answer, Truth, score

from covseg_core.errors import InputRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.lungs import outline_lungs
from covseg_core.inference.predict import predict_ct, predict_picture
from covseg_core.labels import LUNGS
from covseg_core.severity.lung_sides import told_apart
from covseg_core.steps import result_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from covseg_core.cases.reading import CaseReader
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["Judge"]

MISSED = {"dice": 0.0, "mean_dice": 0.0, "refused": True}
"""What a refused scan is worth, if there was something to find."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Scores a model on cases that it has not learnt from.

    Parameters
    ----------
    store : CaseReader
        That the cases lie in.
    model : LoadedModel
        What is judged.
    lungs_model : LoadedModel or None
        What finds the lungs; None is what `predict_ct` finds them with.
    settings : PredictSettings
        Device and the like.
    """

    store: CaseReader
    model: LoadedModel
    lungs_model: LoadedModel | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)

    @property
    def outlines_lungs(self) -> bool:
        """Whether it is lungs that the model outlines."""
        return self.model.card.label_set == LUNGS.name

    def judge(self, case_id: str, version: int | None = None) -> dict[str, Any]:
        """Predict a case and score it.

        Parameters
        ----------
        case_id : str
            Which case.
        version : int, optional
            Which mask is the truth; the newest if not given.

        Returns
        -------
        dict
            ``slices``, and what `scoring.score` says with the lungs ``given`` and
            ``found``; None where a way is not open.  Pictures need no lungs and stand
            under ``given``, models that outline lungs stand under ``found``.
        """
        ct = self.store.ct(case_id)
        truth = self.truth(case_id, ct, version)
        lungs = None if self.outlines_lungs else self.store.lungs(case_id)
        given = found = None
        if ct.is_picture or lungs is not None:
            given = self._score(self.answer(ct, lungs), truth)
        if not ct.is_picture:
            found = self._on_own(ct, truth)
        return {"slices": ct.grid.shape[0], "given": given, "found": found}

    def answer(self, ct: CTVolume, lungs: LungMask | None = None) -> Answer:
        """Outline what the model outlines; `lungs` are found if they are not given.

        Raises
        ------
        InputRefusedError
            If no lungs are found.
        """
        if self.outlines_lungs:
            return self._lungs(ct)
        if ct.is_picture:
            predicted = predict_picture(ct, self.model, self.settings)
        else:
            lungs = lungs if lungs is not None else self._found_lungs(ct)
            predicted = result_of(
                predict_ct(
                    ct, self.model, self.settings, lungs=lungs, keep_probabilities=True
                )
            )
        return Answer(predicted.lesions.labels, _kept(predicted.probabilities))

    def truth(self, case_id: str, ct: CTVolume, version: int | None = None) -> Truth:
        """Read what the model is to outline in a case."""
        lungs = self.store.lungs(case_id)
        voxel_ml = None if ct.is_picture else ct.grid.voxel_ml
        if self.outlines_lungs and lungs is not None:
            sides = told_apart(lungs).labels
            infection = (self.store.mask(case_id).labels > 0) & (sides > 0)
            return Truth(sides, None, voxel_ml, infection)
        region = None if lungs is None else lungs.labels > 0
        return Truth(self.store.mask(case_id, version).labels, region, voxel_ml)

    def _score(self, answer: Answer, truth: Truth) -> dict[str, Any]:
        return score(answer, truth, self.model.card.labels)

    def _on_own(self, ct: CTVolume, truth: Truth) -> dict[str, Any]:
        try:
            return self._score(self.answer(ct), truth)
        except InputRefusedError:
            return dict(MISSED) if truth.labels.any() else {"refused": True}

    def _found_lungs(self, ct: CTVolume) -> LungMask | None:
        if self.lungs_model is None:
            return None
        return result_of(outline_lungs(ct, self.lungs_model, self.settings))

    def _lungs(self, ct: CTVolume) -> Answer:
        mask = result_of(outline_lungs(ct, self.model, self.settings))
        steps = predict_ct(ct, self.model, self.settings, keep_probabilities=True)
        return Answer(mask.labels, _kept(result_of(steps).probabilities))


def _kept(
    probabilities: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32]:
    if probabilities is None:
        raise TypeError("the probabilities were not kept.")
    return probabilities

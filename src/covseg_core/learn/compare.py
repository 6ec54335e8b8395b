"""Before and after: two models on the patients that neither has learnt from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.lungs import outline_lungs
from covseg_core.inference.predict import predict_ct, predict_picture
from covseg_core.labels import LUNGS
from covseg_core.metrics import dice
from covseg_core.metrics.intervals import compare_paired
from covseg_core.severity.lung_sides import told_apart
from covseg_core.steps import result_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.reading import CaseReader
    from covseg_core.metrics.intervals import PairedComparison
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["CaseScore", "Compared", "Comparison", "compare_models"]


@dataclass(frozen=True)
class Compared:
    """How many held-out cases have been judged.

    Parameters
    ----------
    done, total : int
        Cases.
    """

    done: int
    total: int


@dataclass(frozen=True)
class CaseScore:
    """One held-out case.

    Parameters
    ----------
    case_id, patient : str
        Which and whose.
    before, after : float
        Dice of infection, or the mean of both lungs'; `before` is NaN where there was
        no model before.
    true_ml, before_ml, after_ml : float or None
        Infection, or lung; None for a picture, which has no voxel size.
    """

    case_id: str
    patient: str
    before: float
    after: float
    true_ml: float | None
    before_ml: float | None
    after_ml: float | None


@dataclass(frozen=True)
class Comparison:
    """The table of held-out cases and what it says as a whole."""

    cases: tuple[CaseScore, ...]
    dice: PairedComparison

    @property
    def is_worse(self) -> bool:
        """Whether the mean Dice fell."""
        return self.dice.difference < 0

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; what is not known is None."""
        document = asdict(self)
        summary = {key: _plain(value) for key, value in document["dice"].items()}
        rows = [
            {key: _plain(value) for key, value in row.items()}
            for row in document["cases"]
        ]
        return {"dice": summary, "cases": rows}


def compare_models(
    store: CaseReader,
    cases: Sequence[FrozenCase],
    before: LoadedModel | None,
    after: LoadedModel,
    device: str,
) -> Generator[Compared, None, Comparison]:
    """Predict held-out cases with both models, as a user would, and score them.

    In a scan that prediction refuses, such as one without lungs, a model finds nothing.

    Parameters
    ----------
    store : CaseReader
        That the cases lie in.
    cases : sequence of FrozenCase
        Held out from the training of both.
    before : LoadedModel or None
        The parent, if there is one.
    after : LoadedModel
        The new model.
    device : str
        As in `PredictSettings`.

    Yields
    ------
    Compared
        Before every case and at the end.
    """
    settings = PredictSettings(device=device)
    scores = []
    for number, case in enumerate(cases):
        yield Compared(number, len(cases))
        ct = store.ct(case.case_id)
        lungs = store.lungs(case.case_id)
        if after.card.label_set == LUNGS.name and lungs is not None:
            truth = told_apart(lungs).labels
        else:
            mask = store.mask(case.case_id, case.version)
            truth = (mask.labels > 0).astype(np.uint8)
        old = None if before is None else _found(ct, lungs, before, settings)
        new = _found(ct, lungs, after, settings)
        scores.append(_score(case, ct, truth, old, new))
    yield Compared(len(cases), len(cases))
    summary = compare_paired(
        [score.before for score in scores],
        [score.after for score in scores],
        [score.patient for score in scores],
    )
    return Comparison(tuple(scores), summary)


def _found(
    ct: CTVolume, lungs: LungMask | None, model: LoadedModel, settings: PredictSettings
) -> npt.NDArray[np.uint8]:
    try:
        return _outlined(ct, lungs, model, settings)
    except InputRefusedError:
        # One odd scan must not cost the hours of a training that is over.
        return np.zeros(ct.hu.shape, np.uint8)


def _outlined(
    ct: CTVolume, lungs: LungMask | None, model: LoadedModel, settings: PredictSettings
) -> npt.NDArray[np.uint8]:
    """Outline infection on a scan or a picture, or the two lungs, (Z, Y, X)."""
    if model.card.label_set == LUNGS.name:
        return result_of(outline_lungs(ct, model, settings)).labels
    if ct.is_picture:
        prediction = predict_picture(ct, model, settings)
    else:
        prediction = result_of(predict_ct(ct, model, settings, lungs=lungs))
    return (prediction.lesions.labels > 0).astype(np.uint8)


def _score(
    case: FrozenCase,
    ct: CTVolume,
    truth: npt.NDArray[np.uint8],
    before: npt.NDArray[np.uint8] | None,
    after: npt.NDArray[np.uint8],
) -> CaseScore:
    def ml(mask: npt.NDArray[np.uint8] | None) -> float | None:
        if mask is None or ct.is_picture:
            return None
        return round(np.count_nonzero(mask) * ct.grid.voxel_ml, 3)

    return CaseScore(
        case.case_id,
        case.patient,
        math.nan if before is None else _dice(before, truth),
        _dice(after, truth),
        *(ml(mask) for mask in (truth, before, after)),
    )


def _dice(found: npt.NDArray[np.uint8], truth: npt.NDArray[np.uint8]) -> float:
    """Take the mean over what is told apart: one infection, or two lungs."""
    values = np.union1d(np.unique(truth), np.unique(found))
    each = [dice(found == value, truth == value) for value in values if value]
    return sum(each) / len(each) if each else dice(found > 0, truth > 0)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value

"""Pseudo-labels: masks of a model, kept as what they are, for training to learn from.

Pseudo-labelling is the circle without a reader (Lee 2013; Fan et al. 2020): predict
as a user would, store as a case that nobody has corrected, train.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.confidence import confidence_of
from covseg_core.inference.predict import Progress, predict_ct, predict_picture
from covseg_core.learn.candidates import admit, examine, hindrance
from covseg_core.registry.promotion import OUTLINES

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.pseudo_config import PseudoSettings
    from covseg_core.learn.unlabelled import UnlabelledScan
    from covseg_core.registry.card import ModelCard
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["Labelled", "Labeller", "Outlined", "require_infection"]

Result: TypeAlias = Literal["labelled", "known", "unsure", "skipped", "refused"]


@dataclass(frozen=True)
class Labelled:
    """What became of one scan.

    Parameters
    ----------
    scan : str
        Its name, or the id of its case.
    result : str
        ``labelled`` now; ``known``, as these weights have labelled it before;
        ``unsure``, below the least confidence; ``skipped``, as it may not be learnt
        from; or ``refused``, as it cannot be read or outlined.
    case_id : str or None
        Its case, if it is one.
    version : int or None
        The number of its pseudo-label.
    confidence : float or None
        In [0, 1]; see `inference.confidence`.
    reason : str
        Why there is no new label, in words.
    """

    scan: str
    result: Result
    case_id: str | None = None
    version: int | None = None
    confidence: float | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Outlined:
    """A mask on the grid of its scan, how sure the model is, and notes on the way."""

    lesions: LesionMask
    confidence: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labeller:
    """Some weights that label scans.

    Parameters
    ----------
    model : LoadedModel
        With the hash of its weights in its card.
    settings : PseudoSettings
        How it predicts, and the confidence rule.
    name : str
        What masks call it; its own name if empty.  With another name, only masks
        under that name count as its own.

    Raises
    ------
    ModelRefusedError
        If it finds something else than infection.
    """

    model: LoadedModel
    settings: PseudoSettings
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a model whose masks no store would take."""
        require_infection(self.model.card)

    def label_scan(
        self, store: CaseStore, scan: UnlabelledScan, patient: str | None = None
    ) -> Generator[Progress, None, Labelled]:
        """Label a scan, and make it a case of the training split if it is none.

        Nothing is written unless the scan is labelled.

        Parameters
        ----------
        store : CaseStore
            Where scan and mask go.
        scan : UnlabelledScan
            The scan.
        patient : str, optional
            Whose it is; see `learn.candidates.examine`.

        Yields
        ------
        Progress
            After every batch; stop iterating to stop.

        Raises
        ------
        OutputError
            If it could not be written.
        UsageError
            If the device or engine is not there.
        """
        try:
            found = examine(store, scan, patient)
            if found.record is not None:
                known = found.record.case_id
                return (yield from self.label_case(store, known, scan.name))
            if found.hindrance or found.ct is None:
                return Labelled(scan.name, "skipped", reason=found.hindrance)
            outlined = yield from self.outline(found.ct, found.lungs)
            if outlined.confidence < self.settings.confidence:
                return self._unsure(scan.name, None, outlined)
            record = admit(store, found, scan)
            return self._keep(store, record.case_id, scan.name, outlined)
        except InputRefusedError as error:
            return Labelled(scan.name, "refused", reason=str(error))

    def label_case(
        self, store: CaseStore, case_id: str, name: str | None = None
    ) -> Generator[Progress, None, Labelled]:
        """Label a case of a store; yields and raises as `label_scan` does."""
        name = name or case_id
        try:
            record = store.read(case_id)
            if reason := hindrance(record):
                return Labelled(name, "skipped", case_id, reason=reason)
            if own := self._own_mask(record):
                return Labelled(
                    name,
                    "known",
                    case_id,
                    own.number,
                    own.confidence,
                    f"these weights have labelled it before, as {case_id}",
                )
            outlined = yield from self.outline(store.ct(case_id), store.lungs(case_id))
            if outlined.confidence < self.settings.confidence:
                return self._unsure(name, case_id, outlined)
            return self._keep(store, case_id, name, outlined)
        except InputRefusedError as error:
            return Labelled(name, "refused", case_id, reason=str(error))

    def outline(
        self, ct: CTVolume, lungs: LungMask | None
    ) -> Generator[Progress, None, Outlined]:
        """Predict a scan or a picture as a user would; raises as `predict_ct` does."""
        if ct.is_picture:
            prediction = predict_picture(ct, self.model, self.settings)
        else:
            prediction = yield from predict_ct(
                ct, self.model, self.settings, lungs=lungs, keep_probabilities=True
            )
        if prediction.probabilities is None:
            raise RuntimeError("probabilities that were asked for are not there")
        confidence = confidence_of(prediction.probabilities)
        return Outlined(prediction.lesions, confidence, prediction.notes)

    def _own_mask(self, record: CaseRecord) -> MaskVersion | None:
        own = [one for one in record.versions if self._made(one)]
        return own[-1] if own else None

    def _made(self, version: MaskVersion) -> bool:
        sha256 = self.model.card.weights_sha256
        same_weights = (version.model_sha256 or "") == sha256
        name_counts = bool(self.name) or not sha256
        same_name = version.model == (self.name or self.model.card.name)
        return (
            version.source == "model"
            and same_weights
            and (same_name or not name_counts)
        )

    def _keep(
        self, store: CaseStore, case_id: str, name: str, outlined: Outlined
    ) -> Labelled:
        version = store.add_mask(
            case_id,
            outlined.lesions,
            source="model",
            model=self.name or self.model.card.name,
            model_sha256=self.model.card.weights_sha256 or None,
            confidence=outlined.confidence,
            note="; ".join(outlined.notes),
        )
        sure = outlined.confidence
        return Labelled(name, "labelled", case_id, version.number, sure)

    def _unsure(self, name: str, case_id: str | None, outlined: Outlined) -> Labelled:
        reason = f"less sure than {self.settings.confidence:g}"
        sure = outlined.confidence
        return Labelled(name, "unsure", case_id, None, sure, reason)


def require_infection(card: ModelCard) -> None:
    """Raise `ModelRefusedError` unless a model's masks can be pseudo-labels."""
    if card.label_set not in OUTLINES:
        raise ModelRefusedError(
            f"the model {card.name!r} finds {card.label_set}; a pseudo-label is a mask "
            f"of {' or '.join(OUTLINES)}. Choose another model."
        )

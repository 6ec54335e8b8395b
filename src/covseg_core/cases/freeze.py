"""Freeze what a training sees, by hash, so that it can be told and repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from covseg_core.cases.record import TRUSTED, CaseRecord, MaskSource, Split, State
from covseg_core.cases.seal import digest_of, require_seal, seal, unsealed
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection

    from covseg_core.cases.reading import CaseReader

__all__ = ["FrozenCase", "TrainingManifest", "freeze"]

FLAGGED = "flagged"
DONE: tuple[State, ...] = ("done",)


class FrozenCase(Settings):
    """One scan with the mask that is to be learnt from it."""

    case_id: str
    patient: str
    split: Split
    version: int
    source: MaskSource
    label_set: Literal["lesions", "infection"]
    mask_sha256: str
    ct_sha256: str
    lungs_sha256: str | None
    image_sha256: str
    is_hu: bool


class TrainingManifest(Settings):
    """The cases of one training, in order of their ids."""

    format: Literal[1] = 1
    cases: tuple[FrozenCase, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of all that the manifest tells."""
        return digest_of(self.model_dump(mode="json"))

    def of_split(self, split: Split) -> tuple[FrozenCase, ...]:
        """List the cases of one split."""
        return tuple(case for case in self.cases if case.split == split)

    def to_json(self) -> str:
        """Write the manifest, with its hash, as JSON."""
        return seal(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, text: str) -> TrainingManifest:
        """Read what `to_json` wrote.

        Raises
        ------
        InputRefusedError
            If it is something else or was changed.
        """
        what = "the training manifest"
        document, found = unsealed(text, what)
        require_seal(document, found, what)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise InputRefusedError(
                f"{what} was made by another program or by a newer covseg."
            ) from error


def freeze(
    store: CaseReader,
    *,
    sources: Collection[MaskSource] = TRUSTED,
    states: Collection[State] = DONE,
) -> TrainingManifest:
    """Take the newest fitting mask of every case in a fitting state.

    Parameters
    ----------
    store : CaseReader
        Where the cases are.
    sources : collection of {"manual", "edited", "model"}
        Which masks; pseudo-labels are the model's.
    states : collection of {"new", "in progress", "done"}
        Which cases; one without such a mask is left out.

    Raises
    ------
    UsageError
        If flagged cases are asked for, which nobody may learn from.
    InputRefusedError
        If a record is damaged.
    """
    if FLAGGED in states:
        raise UsageError("flagged cases are never trained on; change their state.")
    chosen = (one for one in store.list_cases() if one.state in states)
    frozen = (_frozen(record, sources) for record in chosen)
    return TrainingManifest(cases=tuple(one for one in frozen if one is not None))


def _frozen(record: CaseRecord, sources: Collection[MaskSource]) -> FrozenCase | None:
    version = record.newest(sources)
    if version is None:
        return None
    return FrozenCase(
        case_id=record.case_id,
        patient=record.patient,
        split=record.split,
        version=version.number,
        source=version.source,
        label_set=version.label_set,
        mask_sha256=version.sha256,
        ct_sha256=record.ct_sha256,
        lungs_sha256=record.lungs_sha256,
        image_sha256=record.image_sha256,
        is_hu=record.is_hu,
    )

"""Freeze what a training sees, by hash, so that it can be told and repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from covseg_core.cases.record import TRUSTED, MaskSource, Split, State
from covseg_core.cases.seal import digest_of, seal
from covseg_core.errors import UsageError
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import CaseRecord, MaskVersion

__all__ = [
    "FrozenCase",
    "FrozenScan",
    "TrainingManifest",
    "freeze",
    "freeze_version",
]

FLAGGED = "flagged"
DONE: tuple[State, ...] = ("done",)


class FrozenScan(Settings):
    """One scan, as it was when a training began."""

    case_id: str
    patient: str
    split: Split
    ct_sha256: str
    lungs_sha256: str | None
    image_sha256: str
    is_hu: bool


class FrozenCase(FrozenScan):
    """One scan with the mask that is to be learnt from it."""

    version: int
    source: MaskSource
    label_set: Literal["lesions", "infection"]
    mask_sha256: str


class TrainingManifest(Settings):
    """The cases of one training, in order of their ids.

    `unlabelled` are the scans without a mask that are learnt from as well.
    """

    format: Literal[1] = 1
    cases: tuple[FrozenCase, ...] = ()
    unlabelled: tuple[FrozenScan, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of all that the manifest tells."""
        return digest_of(self.model_dump(mode="json"))

    def of_split(self, split: Split) -> tuple[FrozenCase, ...]:
        """List the cases of one split."""
        return tuple(case for case in self.cases if case.split == split)

    @property
    def learnt_from(self) -> tuple[FrozenScan, ...]:
        """List the cases of the training split, and the unlabelled scans."""
        return (*self.of_split("train"), *self.unlabelled)

    def to_json(self) -> str:
        """Write the manifest, with its hash, as JSON."""
        return seal(self.model_dump(mode="json"))


def freeze(
    store: CaseReader,
    *,
    sources: Collection[MaskSource] = TRUSTED,
    states: Collection[State] = DONE,
    unlabelled: bool = False,
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
    unlabelled : bool
        Take also the scans of the training split that have no mask at all.

    Raises
    ------
    UsageError
        If flagged cases are asked for, which nobody may learn from.
    InputRefusedError
        If a record is damaged.
    """
    if FLAGGED in states:
        raise UsageError("flagged cases are never trained on; change their state.")
    records = store.list_cases()
    chosen = (one for one in records if one.state in states)
    pairs = ((record, record.newest(sources)) for record in chosen)
    return TrainingManifest(
        cases=tuple(
            freeze_version(record, version)
            for record, version in pairs
            if version is not None
        ),
        unlabelled=tuple(
            FrozenScan(**_facts(record))
            for record in records
            if unlabelled and _is_unlabelled(record)
        ),
    )


def _is_unlabelled(record: CaseRecord) -> bool:
    flagged = record.state == FLAGGED
    return record.split == "train" and not flagged and not record.versions


def freeze_version(record: CaseRecord, version: MaskVersion) -> FrozenCase:
    """Take a case with one of its masks."""
    return FrozenCase(
        version=version.number,
        source=version.source,
        label_set=version.label_set,
        mask_sha256=version.sha256,
        **_facts(record),
    )


def _facts(record: CaseRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FrozenScan.model_fields}

"""Give a scan with its mask to a store, so that the next training learns from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.cases.scan import cleaned
from covseg_core.io.same_voxels import turned_onto
from covseg_core.transforms.fingerprint import hash_ct

if TYPE_CHECKING:
    from covseg_core.cases.record import CaseRecord, MaskSource, MaskVersion
    from covseg_core.cases.store import CaseStore
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["Contribution", "MaskStory", "contribute"]


@dataclass(frozen=True)
class MaskStory:
    """How a mask came about; `CaseStore.add_mask` tells what each part means."""

    source: MaskSource
    parent: int | None = None
    model: str | None = None
    model_sha256: str | None = None
    role: str = ""
    seconds_spent: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Contribution:
    """What a store has gained.

    Parameters
    ----------
    record : CaseRecord
        The case, with the new mask.
    version : MaskVersion
        The new mask.
    is_new_scan : bool
        Whether the scan was not in the store before.
    """

    record: CaseRecord
    version: MaskVersion
    is_new_scan: bool

    @property
    def sentence(self) -> str:
        """What a reader is told."""
        record, version = self.record, self.version
        use = {
            "train": "the model learns from it",
            "validation": "it helps to choose the best weights",
            "held-out": "it judges models and is never learnt from",
        }[record.split]
        if version.source == "model":
            use = "no model learns from it before someone has corrected it"
        known = "new case" if self.is_new_scan else "known case"
        told = (
            f"Saved as mask {version.number} ({version.source}) of the {known} "
            f"{record.case_id}, patient {record.patient}, state {record.state}. "
            f"Split {record.split}: {use}."
        )
        if version.is_beside:
            others = ", ".join(map(str, version.beside))
            told += f" Someone else saved mask {others} meanwhile; all are kept."
        return told


def contribute(
    store: CaseStore,
    ct: CTVolume,
    mask: LesionMask,
    story: MaskStory,
    lungs: LungMask | None = None,
) -> Contribution:
    """Add a mask of a scan, and the scan where it is new.

    A case whose mask a person answers for is done from then on.  A mask that is its
    parent, voxel by voxel, is not saved again.

    Parameters
    ----------
    store : CaseStore
        Gets them.
    ct : CTVolume
        The scan, in any orientation.
    mask : LesionMask
        On its grid.
    story : MaskStory
        How the mask came about.
    lungs : LungMask, optional
        On the grid of `ct`; kept with a new scan.

    Raises
    ------
    InputRefusedError
        If the scan is synthetic or would come out of the store differently, or the
        mask holds strange values.
    GeometryError
        If mask or lungs do not lie on the scan.
    UsageError
        If a fact is wrong; names it.
    OutputError
        If it could not be written.
    """
    # A mask that is refused must not leave a case without one.
    mask.require_on(ct)
    case_id = store.known_as(hash_ct(cleaned(ct)))
    is_new = case_id is None
    if case_id is None:
        case_id = store.add_case(ct, lungs=lungs).case_id
    mask = turned_onto(mask, store.grid(case_id))
    version = _same_version(store, case_id, mask, story) or store.add_mask(
        case_id,
        mask,
        source=story.source,
        parent=story.parent,
        model=story.model,
        model_sha256=story.model_sha256,
        role=story.role,
        seconds_spent=story.seconds_spent,
        note=story.note,
    )
    if story.source != "model":
        store.set_state(case_id, "done")
    return Contribution(store.read(case_id), version, is_new)


def _same_version(
    store: CaseStore, case_id: str, mask: LesionMask, story: MaskStory
) -> MaskVersion | None:
    if story.parent is None:
        return None
    parent = store.read(case_id).version(story.parent)
    kept = store.mask(case_id, story.parent)
    is_same = kept.label_set == mask.label_set and parent.source == story.source
    return parent if is_same and np.array_equal(kept.labels, mask.labels) else None

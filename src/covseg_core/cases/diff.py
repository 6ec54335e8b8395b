"""What changed between two masks of a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import InputRefusedError
from covseg_core.labels import UNKNOWN_CLASS, LabelClass, LabelSet
from covseg_core.metrics import dice

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import CaseRecord
    from covseg_core.volume import LesionMask

__all__ = ["CHANGES", "MaskDiff", "diff", "mark_changes", "newest_pair"]

UNKNOWN = "unknown"
# Blue and pink keep apart from the classes, and from each other for the colour-blind.
CHANGES = LabelSet(
    "changes",
    (
        LabelClass(1, "gained", "Gained", (0.0, 0.447, 0.698)),
        LabelClass(2, "lost", "Lost", (0.8, 0.475, 0.655)),
    ),
)
"""What the values of `mark_changes` mean."""


@dataclass(frozen=True)
class MaskDiff:
    """Two masks of a case side by side.

    Parameters
    ----------
    case : str
        Id of the case.
    old, new : int
        Numbers of the versions.
    changed_voxels : int
        Voxels of another class; where only one of the masks tells classes apart,
        voxels that are infected in one of them.
    dice : float
        Of infection, whatever the class; see `metrics.dice`.
    gained_voxels, lost_voxels : int
        Infected in the new mask only, in the old one only.
    voxel_ml : float or None
        Volume of a voxel in millilitres; a picture's is unknown.
    old_voxels, new_voxels : dict of str to int
        Voxels by class; ``unknown`` is infection of no known class.
    """

    case: str
    old: int
    new: int
    changed_voxels: int
    dice: float
    gained_voxels: int
    lost_voxels: int
    voxel_ml: float | None
    old_voxels: dict[str, int]
    new_voxels: dict[str, int]

    @property
    def gained_ml(self) -> float | None:
        """Volume that is infected in the new mask only, in millilitres."""
        return _in_ml(self.gained_voxels, self.voxel_ml)

    @property
    def lost_ml(self) -> float | None:
        """Volume that is infected in the old mask only, in millilitres."""
        return _in_ml(self.lost_voxels, self.voxel_ml)

    @property
    def old_ml(self) -> dict[str, float] | None:
        """Volume of each class in the old mask, in millilitres."""
        return _all_in_ml(self.old_voxels, self.voxel_ml)

    @property
    def new_ml(self) -> dict[str, float] | None:
        """Volume of each class in the new mask, in millilitres."""
        return _all_in_ml(self.new_voxels, self.voxel_ml)


def diff(store: CaseReader, case: str, old: int, new: int) -> MaskDiff:
    """Compare two masks of a case.

    Raises
    ------
    InputRefusedError
        If there is no such case or mask, or one of them was changed.
    """
    before, after = store.mask(case, old), store.mask(case, new)
    was, now = before.labels != 0, after.labels != 0
    same_classes = before.label_set.name == after.label_set.name
    differs = before.labels != after.labels if same_classes else was != now
    has_size = store.read(case).kind != "images"
    return MaskDiff(
        case=case,
        old=old,
        new=new,
        changed_voxels=int(differs.sum()),
        dice=dice(after.labels, before.labels),
        gained_voxels=int((now & ~was).sum()),
        lost_voxels=int((was & ~now).sum()),
        voxel_ml=before.grid.voxel_ml if has_size else None,
        old_voxels=_voxels(before),
        new_voxels=_voxels(after),
    )


def mark_changes(
    old: npt.NDArray[np.uint8], new: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Show where infection came or went, whatever the class.

    Parameters
    ----------
    old, new : ndarray of uint8, shape (Z, Y, X)
        Two masks on one grid; 0 is no infection.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        Labels of `CHANGES`: 1 infected in the new mask only, 2 in the old one only.
    """
    was, now = old != 0, new != 0
    marks = np.zeros(new.shape, np.uint8)
    marks[now & ~was] = 1
    marks[was & ~now] = 2
    return marks


def newest_pair(record: CaseRecord) -> tuple[int, int]:
    """Give the newest mask and what it was made from, else the one before it.

    Returns
    -------
    tuple of (int, int)
        Number of the old and of the new mask.

    Raises
    ------
    InputRefusedError
        If the case has fewer than two masks.
    """
    numbers = sorted(version.number for version in record.versions)
    if len(numbers) < 2:
        raise InputRefusedError(
            f"{record.case_id} has {len(numbers)} masks; two are needed to compare."
        )
    newest = record.version(numbers[-1])
    return newest.parent or numbers[-2], newest.number


def _voxels(mask: LesionMask) -> dict[str, int]:
    counts = np.bincount(mask.labels.ravel(), minlength=256)
    voxels = {one.key: int(counts[one.value]) for one in mask.label_set.classes}
    unknown = int(counts[UNKNOWN_CLASS])
    return voxels | ({UNKNOWN: unknown} if unknown else {})


def _in_ml(voxels: int, voxel_ml: float | None) -> float | None:
    return None if voxel_ml is None else voxels * voxel_ml


def _all_in_ml(
    voxels: dict[str, int], voxel_ml: float | None
) -> dict[str, float] | None:
    if voxel_ml is None:
        return None
    return {key: count * voxel_ml for key, count in voxels.items()}

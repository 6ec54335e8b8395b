"""What became of every infected place between two scans of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.labels import LabelClass, LabelSet, Lesion
from covseg_core.volume import LabelVolume

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.severity.rigid import Rigid
    from covseg_core.volume import LesionMask

__all__ = ["CHANGES", "PlaceChange", "compare_places"]

_PERSISTENT, _NEW, _RESOLVED, _DENSER, _LIGHTER = range(1, 6)
CHANGES = LabelSet(
    "changes",
    (
        LabelClass(_PERSISTENT, "persistent", "Persistent", (0.902, 0.624, 0.0)),
        LabelClass(_NEW, "new", "New", (0.835, 0.243, 0.0)),
        LabelClass(_RESOLVED, "resolved", "Resolved", (0.0, 0.620, 0.451)),
        LabelClass(_DENSER, "denser", "Consolidated since", (0.8, 0.475, 0.655)),
        LabelClass(_LIGHTER, "lighter", "Less dense since", (0.337, 0.706, 0.914)),
    ),
)
"""Voxel values of a map of changes; infected both times is 1, 4 or 5."""


@dataclass(frozen=True)
class PlaceChange:
    """Infection by what became of its place, in ml on the grid of the later scan.

    Parameters
    ----------
    new_ml, resolved_ml : float
        Infected only later, and only earlier.
    persistent_ml : float
        Infected both times, of whatever class.
    denser_ml, lighter_ml : float or None
        Of the persistent: ground glass that became consolidation, and the reverse;
        None unless both masks tell the classes apart.
    """

    new_ml: float
    resolved_ml: float
    persistent_ml: float
    denser_ml: float | None
    lighter_ml: float | None


def compare_places(
    earlier: LesionMask, later: LesionMask, rigid: Rigid
) -> tuple[PlaceChange, LabelVolume]:
    """Compare two masks voxel by voxel on the grid of the later one.

    Parameters
    ----------
    earlier, later : LesionMask
        Each on the grid of its scan.
    rigid : Rigid
        From the world of the earlier to that of the later scan; the label that the
        centre of a voxel falls into is taken.

    Returns
    -------
    PlaceChange
        Earlier infection outside the field of the later scan is not counted.
    LabelVolume
        `CHANGES`.
    """
    by_class = earlier.is_multi and later.is_multi
    before = rigid.onto(earlier.labels, earlier.grid, later.grid)
    changes = np.zeros(later.labels.shape, np.uint8)
    # Slice by slice, as whole scans at once would hold up other threads.
    for old, new, change in zip(before, later.labels, changes, strict=True):
        _mark(old, new, change, by_class=by_class)
    found = LabelVolume(changes, later.grid, CHANGES)
    ml = found.volumes_ml
    return (
        PlaceChange(
            new_ml=ml["new"],
            resolved_ml=ml["resolved"],
            persistent_ml=ml["persistent"] + ml["denser"] + ml["lighter"],
            denser_ml=ml["denser"] if by_class else None,
            lighter_ml=ml["lighter"] if by_class else None,
        ),
        found,
    )


def _mark(
    old: npt.NDArray[np.uint8],
    new: npt.NDArray[np.uint8],
    change: npt.NDArray[np.uint8],
    *,
    by_class: bool,
) -> None:
    """Write what became of the voxels of a slice into `change`."""
    change[(old > 0) & (new > 0)] = _PERSISTENT
    change[(old == 0) & (new > 0)] = _NEW
    change[(old > 0) & (new == 0)] = _RESOLVED
    if by_class:
        change[(old == Lesion.GGO) & (new == Lesion.CONSOLIDATION)] = _DENSER
        change[(old == Lesion.CONSOLIDATION) & (new == Lesion.GGO)] = _LIGHTER

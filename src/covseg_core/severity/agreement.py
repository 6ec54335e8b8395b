"""How well a mask agrees with a reader's mask of the same scan.

The overlap is the Dice similarity coefficient, 2·|R∩S| / (|R| + |S|).  Where the
self-supervised Inf-Net paper grades severity by "DSC", this is what it means: its
equation 6 is the overlap of the regions that a network outlined with those of a
radiologist.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.io.same_voxels import in_order_of
from covseg_core.labels import UNKNOWN_CLASS, Lung
from covseg_core.metrics.overlap import count_voxels
from covseg_core.severity.measured import measured_sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from covseg_core.labels import LabelClass
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["Agreement", "Overlap", "measure_agreement"]

_SIDES = {"right": Lung.RIGHT, "left": Lung.LEFT}


@dataclass(frozen=True)
class Overlap:
    """How far two masks are the same, in one region or class.

    Parameters
    ----------
    dsc : float or None
        Dice similarity coefficient in [0, 1]; None when both are empty.
    ml, reader_ml : float
        Volume of the mask and of the reader's.
    difference_ml : float
        The first less the second: negative where the mask holds less.
    difference_percent : float or None
        The same by the reader's volume; None where that is 0.
    """

    dsc: float | None
    ml: float
    reader_ml: float
    difference_ml: float
    difference_percent: float | None


@dataclass(frozen=True)
class Agreement:
    """How well a mask agrees with a reader's.

    Parameters
    ----------
    overall : Overlap
        All infection, of whatever class.
    classes : dict of str to Overlap
        By class; empty unless both masks tell the same classes apart.  Voxels that
        are of unknown class in either mask take no part.
    lungs : dict of str to Overlap
        All infection of the ``right`` and the ``left`` lung.
    remarks : tuple of str
        What a careful reader should know.
    """

    overall: Overlap
    classes: dict[str, Overlap]
    lungs: dict[str, Overlap]
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self) | {"remarks": list(self.remarks)}


def measure_agreement(
    ct: CTVolume, lesions: LesionMask, lungs: LungMask, reader: LesionMask
) -> Agreement:
    """Compare a mask with a reader's.

    Parameters
    ----------
    ct, lesions, lungs : CTVolume, LesionMask, LungMask
        On one grid; padding takes no part.
    reader : LesionMask
        Of the same voxels, stored in any order.

    Raises
    ------
    GeometryError
        If a mask is not of the voxels of `ct`; nothing is resampled.
    InputRefusedError
        If the lung mask is empty.
    """
    truth = in_order_of(ct.grid, reader.labels, reader.grid)
    either = replace(lesions, labels=np.maximum(lesions.labels, truth))
    sides = measured_sides(ct, either, lungs)
    ours, theirs = (np.where(sides, one, 0) for one in (lesions.labels, truth))
    known = (ours != UNKNOWN_CLASS) & (theirs != UNKNOWN_CLASS)
    voxel_ml = ct.grid.voxel_ml
    overall = _overlap(ours > 0, theirs > 0, voxel_ml)
    return Agreement(
        overall=overall,
        classes={
            label.key: _overlap(
                known & (ours == label.value), known & (theirs == label.value), voxel_ml
            )
            for label in _shared_classes(lesions, reader)
        },
        lungs={
            name: _overlap((sides == side) * ours, (sides == side) * theirs, voxel_ml)
            for name, side in _SIDES.items()
        },
        remarks=tuple(_remarks(overall, lesions, reader)),
    )


def _overlap(
    ours: npt.NDArray[Any], theirs: npt.NDArray[Any], voxel_ml: float
) -> Overlap:
    shared = count_voxels(ours, theirs)
    voxels, reader_voxels = shared.tp + shared.fp, shared.tp + shared.fn
    more = voxels - reader_voxels
    return Overlap(
        dsc=shared.dice if voxels or reader_voxels else None,
        ml=voxels * voxel_ml,
        reader_ml=reader_voxels * voxel_ml,
        difference_ml=more * voxel_ml,
        difference_percent=100.0 * more / reader_voxels if reader_voxels else None,
    )


def _shared_classes(lesions: LesionMask, reader: LesionMask) -> tuple[LabelClass, ...]:
    return reader.label_set.classes if lesions.is_multi and reader.is_multi else ()


def _remarks(
    overall: Overlap, lesions: LesionMask, reader: LesionMask
) -> Iterator[str]:
    if overall.dsc is None:
        yield (
            "Neither mask holds infection: there is nothing to overlap, so no "
            "coefficient is given."
        )
    if lesions.is_multi != reader.is_multi:
        whose = "reader's mask" if lesions.is_multi else "mask"
        yield f"The {whose} does not tell classes apart: all infection is compared."
    if (reader.labels == UNKNOWN_CLASS).any():
        yield "Where the reader did not tell the class, only all infection is compared."

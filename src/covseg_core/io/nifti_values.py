"""From the numbers in a NIfTI file to Hounsfield units or labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.labels import UNKNOWN_CLASS, LabelSet

if TYPE_CHECKING:
    from covseg_core.io.nifti_stream import StoredVolume

__all__ = ["Intensities", "intensities_of", "labels_of"]

_AIR_HU = -1000.0
_PADDING_BELOW_HU = -1500.0
_PLAUSIBLE_MEAN_HU = (-1500.0, 3100.0)
_WHOLE_TOLERANCE = 1e-3
_LARGEST_LABEL = 2
_LEAST_AIR_HU = -200.0
_LEAST_SPAN_HU = 100.0
"""Values that reach neither this low nor this far cannot show lung and tissue."""
_LUNG_HU = -500.0


@dataclass(frozen=True, eq=False)
class Intensities:
    """The values of a CT, cleaned.

    Parameters
    ----------
    hu : ndarray of float32, shape (Z, Y, X)
        Hounsfield units, or grey levels if `is_hu` is false.
    is_hu : bool
        Whether the values are Hounsfield units.
    padding : ndarray of bool, shape (Z, Y, X), or None
        Voxels that the scanner did not measure.
    notes : tuple of str
        What was cleaned or looks odd.
    """

    hu: npt.NDArray[np.float32]
    is_hu: bool
    padding: npt.NDArray[np.bool_] | None
    notes: tuple[str, ...]


def intensities_of(stored: StoredVolume) -> Intensities:
    """Scale stored voxels to Hounsfield units and judge whether they are any.

    Raises
    ------
    InputRefusedError
        If no voxel is finite or the values cannot be a CT.
    """
    hu = np.empty(stored.grid.shape, np.float32)
    # A value too large for float32 becomes infinite, which is cleaned below.
    with np.errstate(over="ignore", invalid="ignore"):
        for z in range(len(hu)):
            hu[z] = stored.values_of(z)
    broken = ~np.isfinite(hu)
    if broken.all():
        raise InputRefusedError(
            "no voxel holds a number (all are NaN or infinite). Export the scan again."
        )
    is_hu, notes = _judge(hu[~broken] if broken.any() else hu)
    padding = broken | (hu < _PADDING_BELOW_HU) if is_hu else broken
    notes += _notes_on_padding(broken, padding)
    hu[padding] = _AIR_HU if is_hu else 0.0
    return Intensities(hu, is_hu, padding if padding.any() else None, notes)


def _judge(values: npt.NDArray[np.float32]) -> tuple[bool, tuple[str, ...]]:
    """Say whether finite `values` are Hounsfield units."""
    low, high = float(values.min()), float(values.max())
    is_narrow = _LEAST_AIR_HU < low < 0 and high - low < _LEAST_SPAN_HU
    if is_narrow or (low >= 0 and 0 < high <= _LARGEST_LABEL):
        raise InputRefusedError(
            f"the values lie between {low:g} and {high:g}: this is a mask or a "
            "normalised image, not a CT. Load the CT in Hounsfield units."
        )
    if low >= 0 and high <= 255:
        note = (
            "The values lie between 0 and 255, so this is a windowed image and not "
            "in Hounsfield units; figures in HU are off."
        )
        return False, (note,)
    mean = float(values.mean(dtype=np.float64))
    if not _PLAUSIBLE_MEAN_HU[0] <= mean <= _PLAUSIBLE_MEAN_HU[1]:
        raise InputRefusedError(
            f"the mean of the values is {mean:.6g}, which no CT in Hounsfield units "
            "has. Export the scan again with its rescale slope and intercept applied."
        )
    if low < _LUNG_HU:
        return True, ()
    return True, (
        f"No value is below {low:g} HU although a chest holds air; an offset, often "
        "-1024, may be missing, or the values were scaled. Figures in HU may be off.",
    )


def _notes_on_padding(
    broken: npt.NDArray[np.bool_], padding: npt.NDArray[np.bool_]
) -> tuple[str, ...]:
    n_broken = int(broken.sum())
    n_padded = int(padding.sum()) - n_broken
    notes = []
    if n_broken:
        notes.append(
            f"{n_broken} voxels were NaN or infinite; they became air and take no part "
            "in statistics."
        )
    if n_padded:
        notes.append(
            f"{n_padded} voxels lay below {_PADDING_BELOW_HU:g} HU, outside the field "
            "of view; they became air and take no part in statistics."
        )
    return tuple(notes)


def labels_of(
    stored: StoredVolume,
    label_set: LabelSet,
    *,
    allow_unknown: bool = False,
) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Turn stored voxels into labels of `label_set`.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        Voxel values; 0 is background.
    tuple of str
        What was rounded.

    Raises
    ------
    InputRefusedError
        If a value is no number, is not whole or is none of the set.
    """
    allowed = {0, *label_set.values} | ({UNKNOWN_CLASS} if allow_unknown else set())
    labels = np.zeros(stored.grid.shape, np.uint8)
    largest_step = 0.0
    for z in range(len(labels)):
        values = stored.values_of(z)
        whole = np.rint(values)
        _require_allowed(values, whole, allowed, label_set)
        largest_step = max(largest_step, float(np.abs(values - whole).max()))
        labels[z] = whole
    return labels, _notes_on_rounding(largest_step)


def _require_allowed(
    values: npt.NDArray[np.float64],
    whole: npt.NDArray[np.float64],
    allowed: set[int],
    label_set: LabelSet,
) -> None:
    is_whole = np.isclose(values, whole, rtol=0, atol=_WHOLE_TOLERANCE)
    # Of NaN nobody knows what it is, so it is none of them and no background.
    wrong = ~(np.isin(whole, list(allowed)) & is_whole)
    if not wrong.any():
        return
    found = ", ".join(f"{value:.6g}" for value in np.unique(values[wrong])[:5])
    needed = ", ".join(str(value) for value in sorted(allowed))
    raise InputRefusedError(
        f"the mask holds the values {found}; a mask of {label_set.name} may hold only "
        f"{needed}. Choose another kind of mask, or map the values to these."
    )


def _notes_on_rounding(largest_step: float) -> tuple[str, ...]:
    if largest_step == 0:
        return ()
    return (
        f"Labels were up to {largest_step:.2g} off a whole number and were rounded.",
    )

"""Turn stored values into Hounsfield units, and refuse what cannot be HU."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.pixels import decode_frames, padding_limits, read_pixel_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from covseg_core.io.dicom.frames import Frame

__all__ = ["Hounsfield", "frames_in_hu", "load_hounsfield", "require_rescale"]

AIR_HU = -1024.0
"""Value that padding is given."""
BELOW_ANY_TISSUE_HU = -1500.0
"""Less than this is padding even where the header does not declare it."""
ABOVE_ANY_TISSUE_HU = 3071.0
"""The end of the usual 12-bit scale."""
_OTHER_QUANTITIES = {"OD", "MGML", "Z_EFF", "ED", "EDW", "PCT"}


@dataclass(frozen=True, eq=False)
class Hounsfield:
    """The voxels of a stack or of one slice.

    Parameters
    ----------
    hu : ndarray of float32, shape (Z, Y, X) or (Y, X)
        Hounsfield units, `AIR_HU` in the padding.
    padding : ndarray of bool, shape of `hu`, optional
        Voxels outside the field of view, None if there are none.
    notes : tuple of str
        What a careful reader should know.
    """

    hu: npt.NDArray[np.float32]
    padding: npt.NDArray[np.bool_] | None
    notes: tuple[str, ...]


def load_hounsfield(frames: Sequence[Frame]) -> Hounsfield:
    """Decode slices into one array.

    Parameters
    ----------
    frames : sequence of Frame
        Slices of equal size in the order of the array.

    Raises
    ------
    InputRefusedError
        If pixel data is damaged, or the values cannot be HU of a chest.
    """
    require_rescale(frames)
    hu = np.empty((len(frames), frames[0].rows, frames[0].columns), dtype=np.float32)
    padding: npt.NDArray[np.bool_] | None = None
    places = {id(frame): place for place, frame in enumerate(frames)}
    notes: dict[str, None] = {}
    for frame, one in frames_in_hu(frames):
        place = places[id(frame)]
        hu[place] = one.hu
        notes |= dict.fromkeys(one.notes)
        if one.padding is not None:
            padding = np.zeros(hu.shape, dtype=bool) if padding is None else padding
            padding[place] = one.padding
    _require_plausible(hu, padding)
    return Hounsfield(hu, padding, tuple(notes))


def frames_in_hu(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Hounsfield]]:
    """Decode slices file by file, each as a `Hounsfield` of shape (Y, X).

    Raises
    ------
    InputRefusedError
        If pixel data is damaged.
    """
    in_file_order = sorted(frames, key=lambda frame: (frame.path, frame.index))
    for path, group in groupby(in_file_order, key=lambda frame: frame.path):
        wanted = {frame.index: frame for frame in group}
        dataset = read_pixel_file(path)
        limits = padding_limits(dataset)
        for index, stored in enumerate(decode_frames(dataset, path)):
            if index in wanted:
                frame = wanted.pop(index)
                yield frame, _to_hu(frame, stored, limits)
            if not wanted:
                break
        else:
            raise InputRefusedError(
                f"{path.name} holds fewer frames than its header describes. "
                "The file is cut or damaged; copy it again."
            )


def require_rescale(frames: Sequence[Frame]) -> None:
    """Check that each slice says how its values become Hounsfield units.

    Raises
    ------
    InputRefusedError
        If one has no rescale slope and intercept, or those of something else.
    """
    for frame in frames:
        if not _is_usable(frame.slope, frame.intercept):
            raise InputRefusedError(
                f"{frame.name} has no usable Rescale Slope and Intercept, so its "
                "values are not known to be Hounsfield units. Export the original "
                "series again."
            )
        if frame.rescale_type in _OTHER_QUANTITIES:
            raise InputRefusedError(
                f"{frame.name} holds {frame.rescale_type} values, not Hounsfield "
                "units. Choose a plain CT series."
            )


def _is_usable(slope: float | None, intercept: float | None) -> bool:
    if slope is None or intercept is None:
        return False
    return 1e-6 < abs(slope) < 1e4 and abs(intercept) < 1e6


def _to_hu(
    frame: Frame, stored: npt.NDArray[Any], limits: tuple[int, int] | None
) -> Hounsfield:
    if stored.shape != (frame.rows, frame.columns):
        raise InputRefusedError(
            f"{frame.name} was decoded to {stored.shape} pixels instead of "
            f"{frame.rows} x {frame.columns}. The file is damaged; copy it again."
        )
    hu = stored.astype(np.float32)
    hu *= frame.slope or 1.0
    hu += frame.intercept or 0.0
    outside = hu < BELOW_ANY_TISSUE_HU
    notes: tuple[str, ...] = ()
    if limits is not None:
        declared = _declared_padding(frame, stored, limits)
        if declared is None:
            notes = ("the Pixel Padding Value is one that tissue has; it was not used",)
        else:
            outside |= declared
    if not outside.any():
        return Hounsfield(hu, None, notes)
    hu[outside] = AIR_HU
    return Hounsfield(hu, outside, notes)


def _declared_padding(
    frame: Frame, stored: npt.NDArray[Any], limits: tuple[int, int]
) -> npt.NDArray[np.bool_] | None:
    """Pixels with a declared padding value, None if tissue may have that value."""
    # Writers disagree on the sign of the value, so its bits are compared.
    low, high = sorted(int(np.int64(limit).astype(stored.dtype)) for limit in limits)
    slope, intercept = frame.slope or 1.0, frame.intercept or 0.0
    darkest, brightest = sorted((low * slope + intercept, high * slope + intercept))
    if brightest <= AIR_HU or darkest > ABOVE_ANY_TISSUE_HU:
        return np.asarray((stored >= low) & (stored <= high))
    return None


def _require_plausible(
    hu: npt.NDArray[np.float32], padding: npt.NDArray[np.bool_] | None
) -> None:
    lowest, highest, mean = _measured_range(hu, padding)
    if not -1100 <= mean <= 1000:
        problem = f"the mean is {mean:.0f}"
    elif lowest >= 0 and highest > 1000:
        problem = f"they run from {lowest:.0f} to {highest:.0f} and there is no air"
    else:
        return
    raise InputRefusedError(
        f"the values cannot be Hounsfield units of a chest: {problem}. "
        "The rescale values or the pixel data are wrong; export the series again."
    )


def _measured_range(
    hu: npt.NDArray[np.float32], padding: npt.NDArray[np.bool_] | None
) -> tuple[float, float, float]:
    """Lowest, highest and mean HU, taken slice by slice to save memory."""
    lows, highs, total, count = [], [], 0.0, 0
    for place, image in enumerate(hu):
        measured = image if padding is None else image[~padding[place]]
        if measured.size:
            lows.append(float(measured.min()))
            highs.append(float(measured.max()))
            total += float(measured.sum(dtype=np.float64))
            count += measured.size
    if not count:
        raise InputRefusedError(
            "every voxel lies outside the field of view. Choose another series."
        )
    return min(lows), max(highs), total / count

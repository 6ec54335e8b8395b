"""Fill the slices between two on which a lesion was painted.

Shape-based interpolation: each outline becomes the distance to it, positive
inside, and the distances are averaged (Raya and Udupa, IEEE Transactions on
Medical Imaging 9, 1990, 32-42).  It is done lesion by lesion, so that other
lesions of the class may be present in the slices between.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.editing.box import class_box

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

__all__ = ["fill_between"]

_TOUCHING_IN_SLICE = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class _Gap:
    """The outlines of one lesion at both ends of a gap, each (Y, X)."""

    below: int
    above: int
    lower: npt.NDArray[np.bool_]
    upper: npt.NDArray[np.bool_]


def fill_between(
    labels: npt.NDArray[np.uint8],
    value: int,
    spacing_mm_zyx: tuple[float, float, float],
    longest_mm: float,
    around: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Join outlines that lie above each other with empty slices between.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        Voxel values.
    value : int
        The class; it is painted over background only.
    spacing_mm_zyx : tuple of float
        Distance of voxel centres along each axis, in mm.
    longest_mm : float
        Outlines farther apart than this are not joined.
    around : int, optional
        Number of a slice; only gaps that it lies in are filled.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        A copy.
    """
    result = labels.copy()
    box = class_box(labels, value)
    if box is None:
        return result
    mask = labels[box] == value
    first = box[0].start
    farthest = int(longest_mm / spacing_mm_zyx[0] * (1 + 1e-6))
    for gap in _gaps(mask, farthest, None if around is None else around - first):
        for number, outline in _between(gap, spacing_mm_zyx[1:]):
            image = result[first + number][box[1:]]
            image[outline & (image == 0)] = value
    return result


def _gaps(
    mask: npt.NDArray[np.bool_], farthest: int, around: int | None
) -> Iterator[_Gap]:
    """Find the gaps of at most `farthest` slices from outline to outline."""
    lowest = 0 if around is None else max(0, around - farthest)
    highest = len(mask) if around is None else max(0, min(around, len(mask)))
    for below in range(lowest, highest):
        for above, lower in _open_ends(mask, below, farthest).items():
            if around is not None and above <= around:
                continue
            upper = _pieces_under(mask[above], lower)
            # What goes on below its outline is another lesion, which ends there.
            if not (upper & mask[above - 1]).any():
                yield _Gap(below, above, lower, upper)


def _open_ends(
    mask: npt.NDArray[np.bool_], below: int, farthest: int
) -> dict[int, npt.NDArray[np.bool_]]:
    """Find the outlines of a slice that end there, by the slice they go on in."""
    from scipy import ndimage

    if below + 2 >= len(mask) or not mask[below].any():
        return {}
    pieces, _ = ndimage.label(mask[below], structure=_TOUCHING_IN_SLICE)
    going_on = np.unique(pieces[mask[below + 1]])
    ends: dict[int, npt.NDArray[np.bool_]] = defaultdict(
        lambda: np.zeros(mask.shape[1:], bool)
    )
    for number, place in enumerate(ndimage.find_objects(pieces), start=1):
        if number in going_on:
            continue
        piece = pieces[place] == number
        above = _next_above(mask, below, place, piece, farthest)
        if above is not None:
            ends[above][place] |= piece
    return ends


def _next_above(
    mask: npt.NDArray[np.bool_],
    below: int,
    place: tuple[slice, slice],
    piece: npt.NDArray[np.bool_],
    farthest: int,
) -> int | None:
    for above in range(below + 2, min(below + farthest + 1, len(mask))):
        if (mask[above][place] & piece).any():
            return above
    return None


def _pieces_under(
    image: npt.NDArray[np.bool_], shadow: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Give the whole outlines of a slice that a shadow touches."""
    from scipy import ndimage

    pieces: npt.NDArray[Any]
    pieces, _ = ndimage.label(image, structure=_TOUCHING_IN_SLICE)
    return np.isin(pieces, np.unique(pieces[image & shadow]))


def _between(
    gap: _Gap, spacing_mm_yx: tuple[float, float]
) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    lower = _signed_distance_mm(gap.lower, spacing_mm_yx)
    upper = _signed_distance_mm(gap.upper, spacing_mm_yx)
    for number in range(gap.below + 1, gap.above):
        share = (number - gap.below) / (gap.above - gap.below)
        yield number, (1 - share) * lower + share * upper > 0


def _signed_distance_mm(
    outline: npt.NDArray[np.bool_], spacing_mm_yx: tuple[float, float]
) -> npt.NDArray[np.float64]:
    from scipy import ndimage

    # The frame makes an outline end at the border of its picture.
    framed = np.pad(outline, 1)
    inside = ndimage.distance_transform_edt(framed, sampling=spacing_mm_yx)
    outside = ndimage.distance_transform_edt(~framed, sampling=spacing_mm_yx)
    return np.asarray(inside - outside)[1:-1, 1:-1]

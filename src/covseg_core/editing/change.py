"""One edit of a mask, small enough to keep hundreds of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from covseg_core.errors import GeometryError, InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["Box", "Change", "box_around", "whole"]

Box: TypeAlias = tuple[slice, slice, slice]
"""Slices, rows and columns of a part of a mask, each with start and stop."""

_FAST = 1


def whole(shape: tuple[int, ...]) -> Box:
    """Give the box that holds all of an array (Z, Y, X)."""
    z, y, x = (slice(0, size) for size in shape)
    return z, y, x


def box_around(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], within: Box
) -> Box | None:
    """Find the smallest box that holds every voxel of another value.

    Parameters
    ----------
    before, after : ndarray of uint8, shape (Z, Y, X)
        Two masks.
    within : Box
        Where to look.

    Returns
    -------
    Box or None
        None if nothing differs there.
    """
    # One slice at a time: a whole comparison of a long CT takes as much memory.
    touched = [
        number
        for number in range(within[0].start, within[0].stop)
        if (before[number][within[1:]] != after[number][within[1:]]).any()
    ]
    if not touched:
        return None
    deep = slice(touched[0], touched[-1] + 1)
    differs = np.zeros((_size(within[1]), _size(within[2])), bool)
    for number in touched:
        differs |= before[number][within[1:]] != after[number][within[1:]]
    rows = _reach(differs.any(axis=1), within[1].start)
    return deep, rows, _reach(differs.any(axis=0), within[2].start)


@dataclass(frozen=True, eq=False)
class Change:
    """Which voxels of a mask changed, from what and to what.

    Parameters
    ----------
    title : str
        What was done, in words for the reader: ``Brush``.
    box : Box
        Holds every changed voxel.
    where : bytes
        Compressed: one bit per voxel of the box, set where it changed.
    old, new : bytes
        Compressed: the values of the changed voxels, in their order.
    gained : mapping of int to int
        By how many voxels each value grew; negative where it shrank.
    """

    title: str
    box: Box
    where: bytes
    old: bytes
    new: bytes
    gained: Mapping[int, int]

    @classmethod
    def between(
        cls,
        title: str,
        before: npt.NDArray[np.uint8],
        after: npt.NDArray[np.uint8],
        within: Box | None = None,
    ) -> Change | None:
        """Compare two masks.

        Parameters
        ----------
        title : str
            What was done.
        before, after : ndarray of uint8, shape (Z, Y, X)
            The mask as it was and as it is.
        within : Box, optional
            Where to look, if it is known that nothing changed elsewhere.

        Returns
        -------
        Change or None
            None if they are equal.

        Raises
        ------
        GeometryError
            If their shapes differ.
        """
        if before.shape != after.shape:
            raise GeometryError(
                f"a mask of shape {before.shape} cannot become one of {after.shape}; "
                "an edit keeps the grid of its scan."
            )
        box = box_around(before, after, within or whole(before.shape))
        if box is None:
            return None
        differs = before[box] != after[box]
        old, new = before[box][differs], after[box][differs]
        return cls(
            title,
            box,
            zlib.compress(np.packbits(differs).tobytes(), _FAST),
            zlib.compress(old.tobytes(), _FAST),
            zlib.compress(new.tobytes(), _FAST),
            _gained(old, new),
        )

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return len(self.where) + len(self.old) + len(self.new)

    @property
    def voxels(self) -> int:
        """How many voxels changed."""
        return len(self._values(self.new))

    def apply(self, labels: npt.NDArray[np.uint8]) -> None:
        """Make the edit, in place."""
        self._put(labels, self.new)

    def revert(self, labels: npt.NDArray[np.uint8]) -> None:
        """Take the edit back, in place."""
        self._put(labels, self.old)

    def inverse(self) -> Change:
        """Give the edit that takes this one back."""
        lost = {value: -count for value, count in self.gained.items()}
        return Change(self.title, self.box, self.where, self.new, self.old, lost)

    def require_within(self, shape: tuple[int, ...]) -> None:
        """Raise `InputRefusedError` unless the edit fits a mask of a shape."""
        fits = all(
            0 <= side.start < side.stop <= size
            for side, size in zip(self.box, shape, strict=True)
        )
        voxels = int(np.prod([_size(side) for side in self.box]))
        if not fits or len(zlib.decompress(self.where)) != -(-voxels // 8):
            raise InputRefusedError(
                f"the edit {self.title!r} does not fit a mask of shape {shape}; its "
                "file was changed or belongs to another scan."
            )

    def _put(self, labels: npt.NDArray[np.uint8], values: bytes) -> None:
        region = labels[self.box]
        bits = np.frombuffer(zlib.decompress(self.where), np.uint8)
        differs = np.unpackbits(bits, count=region.size).view(bool)
        region[differs.reshape(region.shape)] = self._values(values)

    @staticmethod
    def _values(packed: bytes) -> npt.NDArray[np.uint8]:
        return np.frombuffer(zlib.decompress(packed), np.uint8)


def _gained(old: npt.NDArray[np.uint8], new: npt.NDArray[np.uint8]) -> dict[int, int]:
    growth = _counts(new) - _counts(old)
    return {int(value): int(growth[value]) for value in np.flatnonzero(growth)}


def _counts(values: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    return np.bincount(values, minlength=256)


def _reach(hit: npt.NDArray[Any] | np.bool_, start: int) -> slice:
    first, last = np.flatnonzero(hit)[[0, -1]]
    return slice(start + int(first), start + int(last) + 1)


def _size(side: slice) -> int:
    return int(side.stop - side.start)

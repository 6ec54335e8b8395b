"""A scan with other voxels in one box, put together only where it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BoxedImage"]

_Index: TypeAlias = "int | slice | npt.NDArray[np.integer[Any]]"


class BoxedImage:
    """Looks like an array (Z, Y, X), and takes no more memory than its box.

    Parameters
    ----------
    around : ndarray of float32, shape (Z, Y, X)
        What is outside the box.
    inside : ndarray of float32, shape (z, y, x)
        What is in it.
    box : tuple of slice
        Where it lies in `around`.
    """

    def __init__(
        self,
        around: npt.NDArray[np.float32],
        inside: npt.NDArray[np.float32],
        box: tuple[slice, slice, slice],
    ) -> None:
        self._around, self._inside, self._box = around, inside, box
        self.shape = around.shape
        self.dtype = around.dtype
        self.ndim = around.ndim
        self.size = around.size

    def __len__(self) -> int:
        return int(self.shape[0])

    def __array__(
        self, dtype: Any = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.asarray(self[...], dtype)

    def __getitem__(self, index: Any) -> npt.NDArray[np.float32]:
        wanted = _per_axis(index, self.ndim)
        part = np.array(self._around[index])
        hits = [
            _hits(*each) for each in zip(wanted, self.shape, self._box, strict=True)
        ]
        if all(len(inner) for _, inner in hits):
            here = tuple(
                outer
                for each, (outer, _) in zip(wanted, hits, strict=True)
                if not isinstance(each, int | np.integer)
            )
            new = self._inside[np.ix_(*(inner for _, inner in hits))]
            if here:
                part[np.ix_(*here)] = new.reshape([len(outer) for outer in here])
            else:
                part = new.reshape(())
        return part


def _per_axis(index: Any, axes: int) -> tuple[_Index, ...]:
    """Spell an index out: one entry for every axis."""
    given = list(index) if isinstance(index, tuple) else [index]
    gaps = [place for place, each in enumerate(given) if each is Ellipsis]
    place = gaps[0] if gaps else len(given)
    rest = axes - len(given) + len(gaps)
    given[place : place + len(gaps)] = [slice(None)] * rest
    return tuple(given)


def _hits(
    wanted: _Index, length: int, box: slice
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give which of the wanted places lie in the box, and where in it."""
    places = np.atleast_1d(np.arange(length)[wanted])
    outer = np.flatnonzero((places >= box.start) & (places < box.stop))
    return outer, places[outer] - box.start

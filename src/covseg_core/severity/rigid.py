"""A rigid motion from one scan's world to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import Grid

__all__ = ["Rigid"]


@dataclass(frozen=True, eq=False)
class Rigid:
    """A rotation about a point, then a shift: ``R (x - centre) + centre + shift``.

    Parameters
    ----------
    rotation : ndarray of float, shape (3, 3)
        Orthonormal, determinant 1; acts on LPS columns x, y, z.
    centre_mm, shift_mm : ndarray of float, shape (3,)
        In LPS mm.
    """

    rotation: npt.NDArray[np.float64]
    centre_mm: npt.NDArray[np.float64]
    shift_mm: npt.NDArray[np.float64]

    @classmethod
    def from_vector(
        cls, vector: npt.NDArray[np.float64], centre_mm: npt.NDArray[np.float64]
    ) -> Rigid:
        """Make one of a rotation vector in radians and a shift in mm, (6,)."""
        from scipy.spatial.transform import Rotation

        rotation = Rotation.from_rotvec(vector[:3]).as_matrix()
        return cls(rotation, centre_mm, np.array(vector[3:]))

    @property
    def angle_degrees(self) -> float:
        """How far it turns, about whatever axis, in [0, 180]."""
        from scipy.spatial.transform import Rotation

        return float(np.degrees(Rotation.from_matrix(self.rotation).magnitude()))

    @property
    def distance_mm(self) -> float:
        """How far it shifts the centre."""
        return float(np.linalg.norm(self.shift_mm))

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """The same as a 4x4 matrix on LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.centre_mm + self.shift_mm - self.rotation @ self.centre_mm
        return matrix

    def move(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Move points (N, 3) in LPS mm."""
        matrix = self.matrix
        return np.asarray(points_mm @ matrix[:3, :3].T + matrix[:3, 3])

    def onto(
        self, labels: npt.NDArray[np.uint8], grid: Grid, wanted: Grid
    ) -> npt.NDArray[np.uint8]:
        """Move labels and give them on another grid.

        Parameters
        ----------
        labels : ndarray of uint8, shape (Z, Y, X)
            On `grid`.
        grid : Grid
            Where the labels lie before they are moved.
        wanted : Grid
            Where they are wanted.

        Returns
        -------
        ndarray of uint8, shape of `wanted`
            Each voxel has the label that its centre falls into; 0 where that is
            outside `grid`.
        """
        world = np.linalg.inv(self.matrix) @ wanted.affine_lps
        index = np.linalg.inv(grid.affine_lps) @ world
        moved = np.zeros(wanted.shape, np.uint8)
        # Slice by slice, as whole scans at once would hold up other threads.
        for z in range(len(moved)):
            places = [_along(row, wanted.shape, z) for row in index[2::-1]]
            inside = np.logical_and.reduce(
                [
                    (place >= 0) & (place < size)
                    for place, size in zip(places, labels.shape, strict=True)
                ]
            )
            moved[z][inside] = labels[tuple(place[inside] for place in places)]
        return moved


def _along(
    row: npt.NDArray[np.float64], shape: tuple[int, int, int], z: int
) -> npt.NDArray[np.intp]:
    """Give one index, (Y, X), of the voxels that those of a slice fall into."""
    per_x, per_y, per_z, start = row
    down = per_y * np.arange(shape[1]) + per_z * z + start
    places = down[:, None] + per_x * np.arange(shape[2])
    return np.floor(places + 0.5).astype(np.intp)

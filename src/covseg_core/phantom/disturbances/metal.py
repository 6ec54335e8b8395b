"""Put metal into a patient, with the streaks that a scanner makes of it.

A scanner sees the weakening of rays.  Through metal almost nothing comes through: the
few photons left are noisy, and those of low energy have gone first, so that metal
weakens a long ray less than its thickness says.  What these rays tell wrongly is
projected back and added to the slice, which stays as sharp as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.phantom.disturbances.body import BodyBox, find_body
from covseg_core.phantom.disturbances.picture import LOWEST_HU
from covseg_core.phantom.shapes import Field, World, coverage, disc_depth, union
from covseg_core.phantom.texture import paint

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume

__all__ = ["METAL_HU", "with_metal"]

METAL_HU = 3000.0
"""Near the end of a scanner's scale, where all metals look alike."""
_HIGHEST_HU = 3071.0
_WATER_PER_MM, _METAL_PER_MM = 0.02, 0.4
"""Weakening of rays of about 70 keV by water and by steel."""
_HARDENING = 0.15
_PHOTONS = 2e5
_ANGLES = 120
_WORK_MM = 2.5
_HALF_HEIGHT_MM = 15.0


def with_metal(ct: CTVolume, seed: int = 0) -> CTVolume:
    """Put two screws beside the spine, a wire and a pacemaker into the chest.

    Parameters
    ----------
    ct : CTVolume
        In HU, upright.
    seed : int
        Of the photons' noise.

    Returns
    -------
    CTVolume
        With streaks in the slices that hold metal, 30 mm around the middle one; all
        others stay what they were.

    Raises
    ------
    InputRefusedError
        If the scan holds grey levels or no body.
    GeometryError
        If it is not upright.
    """
    body, world = find_body(ct), World.of(ct.grid)
    share = coverage(_depth(body, replace(world, z=world.z[:1])), world.pixel_mm)[0]
    scanner = _Scanner.of(share, world.pixel_mm)
    rng = np.random.default_rng(seed)
    hu = ct.hu.copy()
    heights = world.z.ravel()
    for z in np.flatnonzero(np.abs(heights - heights[len(hu) // 2]) <= _HALF_HEIGHT_MM):
        hu[z] = _with_streaks(hu[z], scanner.streaks(hu[z], rng))
        paint(hu[z], METAL_HU, share)
    return replace(ct, hu=hu)


def _depth(body: BodyBox, world: World) -> Field:
    """Depth in upright rods, mm."""
    x, back = body.middle_mm, body.back_mm - 55
    side = x - 0.17 * body.width_mm
    across, along = (world.x - side) / 20, (world.y - body.front_mm - 24) / 5
    return union(
        disc_depth(world, x - 17, back, 3.5),
        disc_depth(world, x + 17, back, 3.5),
        disc_depth(world, x, body.front_mm + 18, 1.5),
        5 * (1 - np.hypot(across, along)),
    )


def _with_streaks(plane: Field, streaks: Field) -> Field:
    """Add streaks where the scanner reconstructed something, within its scale."""
    seen = np.clip(plane + streaks, LOWEST_HU, _HIGHEST_HU)
    return np.where(plane < LOWEST_HU, plane, seen)


@dataclass(frozen=True, eq=False)
class _Scanner:
    """Parallel rays through a slice, which is square and of coarse pixels.

    Parameters
    ----------
    metal : ndarray of float, shape (rays, angles)
        What weakening of each ray is due to metal.
    shape : tuple of int
        Rows and columns of the slice as it is.
    side : int
        Rows and columns of the coarse slice.
    step_mm : float
        Its pixels.
    """

    metal: npt.NDArray[np.floating]
    shape: tuple[int, int]
    side: int
    step_mm: float

    @classmethod
    def of(cls, share: Field, pixel_mm: float) -> _Scanner:
        """Place metal, given as the share of each pixel that it fills."""
        longest = max(share.shape)
        side = min(longest, round(longest * pixel_mm / _WORK_MM))
        shape = share.shape[0], share.shape[1]
        bare = cls(np.zeros((0, 0)), shape, side, longest * pixel_mm / side)
        return replace(bare, metal=bare.rays(share * _METAL_PER_MM))

    def rays(self, weakening: Field) -> npt.NDArray[np.floating]:
        """Sum what weakens rays, per mm, along each of them."""
        from skimage.transform import radon, resize

        square = np.zeros((max(self.shape),) * 2)
        square[: self.shape[0], : self.shape[1]] = weakening
        coarse = resize(square, (self.side,) * 2, order=1, anti_aliasing=True)
        return np.asarray(radon(coarse * self.step_mm, _angles(), circle=False))

    def streaks(self, plane: Field, rng: np.random.Generator) -> Field:
        """Compute in HU what metal adds to a slice."""
        from skimage.transform import iradon, resize

        tissue = self.rays(np.maximum(plane + 1000, 0) * (_WATER_PER_MM / 1000))
        hardened = tissue + (1 - np.exp(-_HARDENING * self.metal)) / _HARDENING
        counts = np.maximum(rng.poisson(_PHOTONS * np.exp(-hardened)), 1)
        wrong = np.log(_PHOTONS / counts) - tissue - self.metal
        wrong[self.metal < 1e-3] = 0
        back = iradon(wrong, _angles(), output_size=self.side, circle=False)
        back *= 1000 / (_WATER_PER_MM * self.step_mm)
        square = resize(back, (max(self.shape),) * 2, order=1)
        return np.asarray(square[: self.shape[0], : self.shape[1]], np.float32)


def _angles() -> npt.NDArray[np.floating]:
    return np.arange(_ANGLES) * (180.0 / _ANGLES)

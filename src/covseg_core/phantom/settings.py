"""What a phantom is and which of its properties can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.settings import Settings, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covseg_core.phantom.shapes import Ellipsoid
    from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

__all__ = ["Phantom", "PhantomSettings"]


class PhantomSettings(Settings):
    """How to compute a chest CT; the same settings always give the same scan."""

    slices: int = setting(32, "Number of axial slices.", low=1, high=1000)
    pixels: int = setting(224, "Rows, and columns, of a slice.", low=32, high=1024)
    slice_mm: float = setting(
        7.5, "Distance of slices; they lie side by side.", unit="mm", low=0.5, high=20
    )
    pixel_mm: float = setting(
        1.6, "Distance of rows, and of columns.", unit="mm", low=0.3, high=10
    )
    seed: int = setting(0, "Which patient: lesions, vessels and noise.", low=0)
    noise_hu: float = setting(
        14.0, "Standard deviation of the noise.", unit="HU", low=0, high=200
    )
    lesions: int = setting(14, "How many opacities to place at most.", low=0, high=60)
    healthy: bool = setting(False, "Leave the lesions out.")


@dataclass(frozen=True, eq=False)
class Phantom:
    """A chest CT with its true masks.

    Parameters
    ----------
    ct : CTVolume
        The scan, in whole Hounsfield units.
    lesions : LesionMask
        Where opacity and consolidation truly are.
    lungs : LungMask
        Where the lungs truly are, lesions included and the windpipe left out.
    opacities, consolidations : tuple of Ellipsoid
        The shapes of the lesions: a voxel is diseased if its centre lies in an
        opacity, and consolidated if it lies in a consolidation as well.
    """

    ct: CTVolume
    lesions: LesionMask
    lungs: LungMask
    opacities: tuple[Ellipsoid, ...] = ()
    consolidations: tuple[Ellipsoid, ...] = ()

    @property
    def grid(self) -> Grid:
        """The grid that scan and masks share."""
        return self.ct.grid

    @property
    def volumes_ml(self) -> Mapping[str, float]:
        """True volume of each lesion class and each lung, in millilitres."""
        return self.lesions.volumes_ml | self.lungs.volumes_ml

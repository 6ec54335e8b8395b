"""A CT and what a model imagines of it; no torch is needed to look at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.labels import LESIONS, LabelClass, LabelSet, Tissue
from covseg_core.transforms.orient import Orientation, standardise_ct
from covseg_core.volume import SYNTHETIC_NOTE, CTVolume, LabelVolume, Source

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.transforms.prepare import Box
    from covseg_core.volume import LesionMask, LungMask

__all__ = ["RECONSTRUCTION", "TISSUES", "WhatIf", "synthetic"]

RECONSTRUCTION = len(Tissue)
"""Where the reconstruction stands among the images, after the styles."""

_GREEN = (0.0, 0.620, 0.451)
TISSUES = LabelSet(
    "tissues",
    (
        *LESIONS.classes,
        LabelClass(Tissue.HEALTHY, "healthy", "Healthy lung", _GREEN),
    ),
)
"""The values of `labels.Tissue`; what is outside the lungs is background."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A CT and what a model imagines of it.

    Arrays are in the standard orientation and cover `box`; outside it every image is
    the CT itself.  Methods and properties give volumes on the grid of the CT.

    Parameters
    ----------
    ct : CTVolume
        The scan as it is.
    lungs : LungMask
        On its grid, as found or as given.
    lesions : LesionMask
        On its grid, as `predict_ct` finds them.
    box : Box
        What the network was shown.
    images_hu : ndarray of float32, shape (5, z, y, x)
        The four styles in the order of `labels.Tissue`, then the reconstruction, all
        as coarse as the network sees.
    tissues : ndarray of uint8, shape (z, y, x)
        The most probable `labels.Tissue`.
    probability : ndarray of float32, shape (z, y, x)
        Of opacity and consolidation together.
    device, engine : str
        What ran the network at the end.
    seconds : float
        From start to end.
    notes : tuple of str
        What a careful reader should know.
    lesion_far_mm : ndarray of float32, shape (z, y, x), optional
        Distance to the nearest lesion, see `stitch.with_distances`.
    """

    ct: CTVolume
    lungs: LungMask
    lesions: LesionMask
    box: Box
    images_hu: npt.NDArray[np.float32]
    tissues: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float32]
    device: str
    engine: str
    seconds: float
    notes: tuple[str, ...] = ()
    lesion_far_mm: npt.NDArray[np.float32] | None = None

    def style(self, tissue: Tissue) -> CTVolume:
        """Give the CT as if all in the box were of one tissue."""
        return self.with_box(self.images_hu[tissue])

    @property
    def reconstruction(self) -> CTVolume:
        """The CT as the model sees it: styles weighted by their probability."""
        return self.with_box(self.images_hu[RECONSTRUCTION])

    @property
    def tissue_map(self) -> LabelVolume:
        """The most probable tissue of every voxel; outside the box OUTSIDE."""
        labels = self._filled(np.uint8(Tissue.OUTSIDE), self.tissues)
        return LabelVolume(labels, self.ct.grid, TISSUES)

    @property
    def lesion_probability(self) -> npt.NDArray[np.float32]:
        """Probability of a lesion in every voxel of the CT; outside the box 0."""
        return self._filled(np.float32(0), self.probability)

    @cached_property
    def standard(self) -> CTVolume:
        """The scan in standard orientation; its arrays may be views."""
        return standardise_ct(self.ct)

    @property
    def box_hu(self) -> npt.NDArray[np.float32]:
        """The scan inside the box, a view."""
        return self.standard.hu[self.box.as_index]

    def with_box(self, hu: npt.NDArray[np.float32]) -> CTVolume:
        """Put new HU into the box of the CT; what comes out is marked synthetic."""
        whole = self.standard.hu.copy()
        whole[self.box.as_index] = hu
        return synthetic(self.ct, Orientation(self.ct.grid).undo(whole))

    def _filled(self, outside: Any, inside: npt.NDArray[Any]) -> npt.NDArray[Any]:
        whole = np.full(self.standard.grid.shape, outside)
        whole[self.box.as_index] = inside
        return np.ascontiguousarray(Orientation(self.ct.grid).undo(whole))


def synthetic(ct: CTVolume, hu: npt.NDArray[np.float32]) -> CTVolume:
    """Make a scan of new HU on the grid of another, marked as synthetic."""
    source = Source("memory", notes=(SYNTHETIC_NOTE,), is_synthetic=True)
    return replace(ct, hu=np.ascontiguousarray(hu, np.float32), source=source)

"""Slices made ready for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from covseg_core.errors import GeometryError
from covseg_core.labels import LESIONS, NOT_INFECTED, UNLABELLED, Tissue
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.prepare import box_for
from covseg_core.transforms.slices import window_slices
from covseg_core.transforms.transplant import is_lesion
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.transforms.prepare import Prepare
    from covseg_core.volume import CTVolume, Grid, LabelVolume, LungMask

__all__ = [
    "TrainingSlices",
    "balanced_weights",
    "join",
    "lesions_of",
    "slice_of_image",
    "slices_of_volume",
    "tissue_mask",
]


@dataclass(frozen=True, eq=False)
class TrainingSlices:
    """Slices as a network sees them before normalisation.

    Parameters
    ----------
    pixels : Tensor of float16, shape (N, 1, size, size)
        Grey in [0, 1].
    labels : Tensor of uint8, shape (N, size, size)
        0, 1, 2, or 255 for infected of unknown class; for a network that learns
        tissues `labels.Tissue`, or 253 to 255 for what is known in part.
    weights : Tensor of float, shape (N,)
        How often a slice is drawn, relative to the others.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor

    def __len__(self) -> int:
        """Count the slices."""
        return len(self.pixels)


def slices_of_volume(
    ct: CTVolume, mask: LabelVolume, lungs: LungMask | None, prepare: Prepare
) -> TrainingSlices:
    """Cut a volume to the lungs and into slices, as prediction does.

    Slices with something to outline, which `mask` says, are drawn as often, together,
    as those without.

    Raises
    ------
    GeometryError
        If the masks do not lie on `ct`.
    InputRefusedError
        If the lungs are needed and empty.
    """
    mask.require_on(ct)
    if lungs is not None:
        lungs.require_on(ct)
        lungs = standardise_mask(lungs)
    standard = standardise_ct(ct)
    box = box_for(standard, lungs, prepare).as_index
    labels = standardise_mask(mask).labels[box]
    return _make(standard.hu[box], labels, prepare, ct.is_hu)


def tissue_mask(
    lesions: LesionMask | None, lungs: LungMask | None, grid: Grid
) -> LesionMask:
    """Tell healthy lung from outside, as far as it is known.

    Parameters
    ----------
    lesions : LesionMask or None
        None if nobody looked for lesions.
    lungs : LungMask or None
        None if they are not known.
    grid : Grid
        Of the scan.

    Returns
    -------
    LesionMask
        With values of `labels.Tissue`, and `NOT_INFECTED` or `UNLABELLED` where
        they are not known.

    Raises
    ------
    GeometryError
        If a mask does not lie on `grid`.
    """
    inside = UNLABELLED if lesions is None else Tissue.HEALTHY
    labels = np.full(grid.shape, inside, np.uint8)
    if lungs is not None:
        labels[lungs.labels == 0] = Tissue.OUTSIDE
    elif lesions is not None:
        labels[:] = NOT_INFECTED
    if lesions is not None:
        labels = np.where(lesions.labels > 0, lesions.labels, labels)
    return LesionMask(labels, grid, LESIONS)


def lesions_of(labels: torch.Tensor) -> torch.Tensor:
    """Set to 0 what is no lesion, such as healthy lung; any shape."""
    return labels.where(is_lesion(labels), 0)


def slice_of_image(
    grey: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], prepare: Prepare
) -> TrainingSlices:
    """Take one 8-bit slice and its labels, both (H, W), whole.

    Raises
    ------
    GeometryError
        If the two have different shapes.
    """
    if grey.shape != labels.shape:
        raise GeometryError(
            f"the slice has {grey.shape} pixels and its labels {labels.shape}; "
            "both must have the same rows and columns."
        )
    return _make(grey[None], labels[None], prepare, is_hu=False)


def balanced_weights(labels: torch.Tensor) -> torch.Tensor:
    """Weigh slices so that infected and empty ones are drawn equally often.

    Parameters
    ----------
    labels : Tensor, shape (N, H, W)
        Of one scan.

    Returns
    -------
    Tensor of float, shape (N,)
        Between 2/3 and 2, so that no rare slice is drawn all the time; 1 for a
        single slice.
    """
    infected = is_lesion(labels).flatten(1).any(dim=1)
    if len(labels) == 1:
        return torch.ones(1)
    share = infected.float().mean().clamp(0.25, 0.75)
    return torch.where(infected, 0.5 / share, 0.5 / (1 - share))


def join(parts: Sequence[TrainingSlices]) -> TrainingSlices:
    """Put the slices of several sources behind one another; those of one stay."""
    if len(parts) == 1:
        return parts[0]
    return TrainingSlices(
        torch.cat([part.pixels for part in parts]),
        torch.cat([part.labels for part in parts]),
        torch.cat([part.weights for part in parts]),
    )


def _make(
    grey: npt.NDArray[np.float32 | np.uint8],
    labels: npt.NDArray[np.uint8],
    prepare: Prepare,
    is_hu: bool,
) -> TrainingSlices:
    pixels = window_slices(grey, prepare, is_hu=is_hu)
    classes = torch.from_numpy(np.ascontiguousarray(labels))[:, None].float()
    size = (prepare.size, prepare.size)
    classes = F.interpolate(classes, size=size, mode="nearest-exact")[:, 0]
    made = classes.to(torch.uint8)
    return TrainingSlices(pixels.half(), made, balanced_weights(made))

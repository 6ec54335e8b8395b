"""How far apart the surfaces of two masks lie, in millimetres.

The surface of a mask is its voxels that touch a voxel outside by a face;
distances run between voxel centres.  A volume of one slice is a picture.
"""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.metrics.overlap import require_one_shape

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt
    import torch

__all__ = ["TOLERANCE_MM", "hd95_mm", "surface_dice"]

TOLERANCE_MM = 3.0
"""Of `surface_dice` for infection, after Ma et al., Medical Physics 48, 2021."""

PERCENTILE = 95.0


def hd95_mm(
    predicted: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    spacing_mm: tuple[float, ...],
) -> float:
    """Compute the 95th percentile of the Hausdorff distance.

    Parameters
    ----------
    predicted, truth : ndarray, shape (Z, Y, X) or (H, W)
        Every voxel that is not 0 belongs to the mask.
    spacing_mm : tuple of float
        Distance of voxel centres along each array axis.

    Returns
    -------
    float
        In mm, the larger of both directions; 0 when both are empty, NaN when one
        is, as no distance can be told.

    Raises
    ------
    ValueError
        If the shapes differ or the spacing has another number of axes.
    """
    _require_axes(predicted, truth, spacing_mm)
    if not predicted.any() or not truth.any():
        return math.nan if predicted.any() or truth.any() else 0.0
    predicted, truth, spacing_mm = _flat(predicted, truth, spacing_mm)
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance

    with _quiet():
        distance = compute_hausdorff_distance(
            *_cropped(predicted, truth),
            include_background=True,
            percentile=PERCENTILE,
            spacing=[float(step) for step in spacing_mm],
        )
    return float(distance)


def surface_dice(
    predicted: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    spacing_mm: tuple[float, ...],
    tolerance_mm: float = TOLERANCE_MM,
) -> float:
    """Compute the share of both surfaces that lies near the other one.

    Parameters
    ----------
    predicted, truth : ndarray, shape (Z, Y, X) or (H, W)
        Every voxel that is not 0 belongs to the mask.
    spacing_mm : tuple of float
        Distance of voxel centres along each array axis.
    tolerance_mm : float
        What counts as near, itself included.

    Returns
    -------
    float
        In [0, 1]; 1 when both are empty, 0 when one is.

    Raises
    ------
    ValueError
        If the shapes differ or the spacing has another number of axes.
    """
    _require_axes(predicted, truth, spacing_mm)
    if not predicted.any() or not truth.any():
        return 0.0 if predicted.any() or truth.any() else 1.0
    predicted, truth, spacing_mm = _flat(predicted, truth, spacing_mm)
    from monai.metrics.surface_dice import compute_surface_dice

    with _quiet():
        share = compute_surface_dice(
            *_cropped(predicted, truth),
            class_thresholds=[tolerance_mm],
            include_background=True,
            spacing=[float(step) for step in spacing_mm],
        )
    return float(share)


@contextmanager
def _quiet() -> Generator[None, None, None]:
    """Hide what MONAI says to its own developers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _flat(
    predicted: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    spacing_mm: tuple[float, ...],
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], tuple[float, ...]]:
    """Make a picture of a volume of one slice, where nothing lies above or below."""
    if truth.ndim < 3 or 1 not in truth.shape:
        return predicted, truth, spacing_mm
    axis = truth.shape.index(1)
    steps = spacing_mm[:axis] + spacing_mm[axis + 1 :]
    return predicted.squeeze(axis), truth.squeeze(axis), steps


def _cropped(
    predicted: npt.NDArray[Any], truth: npt.NDArray[Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut both masks to the box around their union, as (1, 1, ...) tensors."""
    import torch

    union = (predicted != 0) | (truth != 0)
    box = tuple(
        slice(int(where.min()), int(where.max()) + 1) for where in np.nonzero(union)
    )
    first, second = (
        torch.from_numpy(np.ascontiguousarray(mask[box] != 0))[None, None]
        for mask in (predicted, truth)
    )
    return first, second


def _require_axes(
    predicted: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    spacing_mm: tuple[float, ...],
) -> None:
    require_one_shape(predicted, truth)
    if len(spacing_mm) != truth.ndim:
        raise ValueError(
            f"masks with {truth.ndim} axes need as many spacings, got "
            f"{len(spacing_mm)}."
        )

"""Know a scan again, whatever file it comes in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.transforms.orient import standardise_ct
from covseg_core.volume import CTVolume, Grid

if TYPE_CHECKING:
    from covseg_core.volume import LabelVolume

__all__ = ["hash_ct", "hash_mask"]


def hash_ct(ct: CTVolume) -> str:
    """Hash voxels and geometry, so that the same scan is known in any format.

    Neither the order of voxels on disk nor the precision of a header counts: NIfTI
    keeps an affine in float32.
    """
    grid = Grid(ct.grid.shape, ct.grid.affine_lps.astype(np.float32))
    standard = standardise_ct(replace(ct, grid=grid))
    digest = hashlib.sha256(np.ascontiguousarray(standard.hu).data)
    # Adding 0 makes -0 and 0 the same bytes.
    digest.update((standard.grid.affine_lps.round(2) + 0.0).tobytes())
    digest.update(repr(standard.grid.shape).encode())
    return digest.hexdigest()


def hash_mask(mask: LabelVolume) -> str:
    """Hash labels and geometry, so that a mask is known in any file; see `hash_ct`."""
    return hash_ct(CTVolume(mask.labels.astype(np.float32), mask.grid))

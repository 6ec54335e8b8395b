"""What the tests of the core share: phantoms, other storage orders, tiny models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.phantom import PhantomSettings, make_block_phantom, make_phantom
from covseg_core.volume import CTVolume, Grid

TINY = {
    "backbone": "regnety_002",
    "channels": 8,
    "edge_channels": 8,
    "ra_channels": (16, 16, 16),
}


@pytest.fixture(scope="session")
def blocks():
    """Two lungs of 600 and 400 ml in a body of boxes; see `make_block_phantom`."""
    return make_block_phantom()


@pytest.fixture(scope="session")
def chest():
    """The chest that looks like a patient's, on coarse voxels."""
    return make_phantom(
        PhantomSettings(slices=32, slice_mm=7.5, pixels=128, pixel_mm=2.8)
    )


@pytest.fixture
def stored():
    """Store a volume in another order of its voxels, each at its place in the world.

    ``stored(volume, order, flips)``: array axis i becomes the old axis `order[i]`,
    and runs backwards where ``flips[i]``.
    """

    def store(volume, order, flips):
        grid = _stored_grid(volume.grid, order, flips)
        if isinstance(volume, CTVolume):
            padding = volume.padding
            return replace(
                volume,
                hu=_stored_array(volume.hu, order, flips),
                padding=None
                if padding is None
                else _stored_array(padding, order, flips),
                grid=grid,
            )
        return replace(
            volume, labels=_stored_array(volume.labels, order, flips), grid=grid
        )

    return store


def _stored_array(array, order, flips):
    backwards = [axis for axis, flip in enumerate(flips) if flip]
    return np.ascontiguousarray(np.flip(array.transpose(order), backwards))


def _stored_grid(grid, order, flips):
    shape = tuple(grid.shape[axis] for axis in order)
    old_from_new = np.zeros((4, 4))
    old_from_new[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        # Affines count axes as x, y, z, arrays as z, y, x.
        old_from_new[2 - old, 2 - new] = -1 if flip else 1
        old_from_new[2 - old, 3] = shape[new] - 1 if flip else 0
    return Grid(shape, grid.affine_lps @ old_from_new)


@pytest.fixture(scope="session")
def one_thread():
    """Small networks are slower on many threads, and far slower on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny():
    """Arguments of the smallest Inf-Net that tests can wait for."""
    return dict(TINY)

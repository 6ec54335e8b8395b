"""What the tests of the networks share: small networks and published key lists."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

DATA = Path(__file__).parent / "data"
SMALL = {
    "backbone": "mobilenetv3_small_050",
    "channels": 8,
    "edge_channels": 8,
    "ra_channels": (16, 8, 8),
}
# One line per network, with variants that change its wiring.
NETWORKS = {
    "infnet": ("infnet", SMALL),
    "infnet, one reverse attention, grey slices": (
        "infnet",
        {**SMALL, "reverse_attention": 1, "in_channels": 1},
    ),
    "multi-infnet": ("multi-infnet", {**SMALL, "width": 8}),
    "infnet-joint": ("infnet-joint", {**SMALL, "width": 8}),
    "unet": ("unet", {"backbone": "mobilenetv3_small_050", "width": 4}),
    "unet, three classes": (
        "unet",
        {"backbone": "mobilenetv3_small_050", "width": 4, "classes": 3},
    ),
}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small networks are slower on many threads, and far slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=NETWORKS)
def recipe(request):
    """Architecture and arguments of each small network in turn."""
    return NETWORKS[request.param]


@pytest.fixture
def small():
    """Arguments of an Inf-Net small enough for tests."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def published_shapes():
    """Tensor names and shapes of the published checkpoints, by network."""
    return json.loads(gzip.decompress((DATA / "published_keys.json.gz").read_bytes()))


@pytest.fixture(scope="session")
def random_state(published_shapes):
    """Make random weights that keep signals alive, under published names."""

    def make(name):
        generator = torch.Generator().manual_seed(5)
        state = {}
        for key, shape in published_shapes[name].items():
            noise = torch.randn(shape, generator=generator)
            if key.endswith("num_batches_tracked"):
                state[key] = torch.tensor(7)
            elif key.endswith("running_var") or (len(shape) == 1 and "weight" in key):
                state[key] = 1 + 0.2 * noise.clamp(-2, 2)
            elif len(shape) == 4:
                state[key] = noise * (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
            else:
                state[key] = 0.1 * noise
        return state

    return make

"""Slices with a bright blob, for networks that learn in seconds."""

from __future__ import annotations

import pytest
import torch

from covseg_core.training.data import TrainingSlices
from covseg_core.transforms.prepare import Prepare


@pytest.fixture
def prepare():
    return Prepare(size=64)


@pytest.fixture
def blobs():
    """Eight dark slices of 64 x 64, each with a bright disc of class 1 or 2."""
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    labels = torch.zeros(8, 64, 64, dtype=torch.uint8)
    for i in range(8):
        disc = (rows - 20 - 3 * i) ** 2 + (columns - 44 + 3 * i) ** 2 < 150
        labels[i][disc] = 1 + i % 2
    pixels = 0.2 + 0.3 * labels[:, None].half()
    return TrainingSlices(pixels, labels, torch.ones(8))

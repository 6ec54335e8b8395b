from __future__ import annotations

import numpy as np
import pytest

from covseg_core.inference.progress import Progress
from napari_covseg._processes.worker import Run
from napari_covseg._tools.outline import Growth


@pytest.fixture
def run(workplace):
    """A run that outlines the phantom's mask anew."""
    run = Run(lambda: iter(()))
    Growth(workplace.editor, run, workplace.viewer)
    return run


def outlined(mask):
    return Progress("Outlining", 1, 2, slice(2, 4), np.ones_like(mask.data[2:4]))


def test_mask_grows_slice_by_slice(workplace, run):
    run.advanced.emit(outlined(workplace.mask))
    assert workplace.mask.data[2:4].all()
    assert workplace.editor.is_growing


def test_mask_that_went_with_all_layers_is_not_drawn(workplace, run):
    workplace.viewer.layers.clear()
    workplace.viewer.add_points(np.zeros((1, 2)))
    run.advanced.emit(outlined(workplace.mask))
    assert workplace.mask.data[2:4].all()

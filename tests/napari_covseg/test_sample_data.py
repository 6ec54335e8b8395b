from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from covseg_core.phantom import PhantomSettings
from napari_covseg import _sample_data


@pytest.fixture(autouse=True)
def _few_slices(monkeypatch):
    small = partial(PhantomSettings, slices=12, slice_mm=20.0, pixels=64, pixel_mm=5.6)
    monkeypatch.setattr(_sample_data, "PhantomSettings", small)


def test_sample_is_a_scan_with_its_true_mask_hidden(make_napari_viewer):
    viewer = make_napari_viewer()
    scan, truth = viewer.open_sample("napari-covseg", "phantom")
    assert scan.data.shape == truth.data.shape
    assert truth.data.any()
    assert not truth.visible
    np.testing.assert_array_equal(scan.scale, truth.scale)


def test_healthy_sample_is_a_scan_alone(make_napari_viewer):
    viewer = make_napari_viewer()
    (scan,) = viewer.open_sample("napari-covseg", "healthy-phantom")
    assert scan.data.min() < -800

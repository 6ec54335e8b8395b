from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.cli import predict_volume as module
from covseg_core.cli.predict_volume import Wanted, save_prediction
from covseg_core.errors import InputRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import Prediction
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model


@pytest.fixture
def prediction(blocks):
    """The true mask as if a model had outlined it, with probabilities."""
    maps = np.stack([blocks.lesions.labels == value for value in (1, 2)])
    plain = Prediction(blocks.lesions, None, None, "cpu", "none", 0.0)
    return replace(plain, probabilities=maps.astype(np.float32))


@pytest.fixture
def save(blocks, tmp_path):
    def call(prediction):
        model = load_model(find_model("hu-threshold"))
        wanted = Wanted(PredictSettings())
        return save_prediction(
            tmp_path / "m.nii.gz", blocks.ct, prediction, model, wanted
        )

    return call


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_no_mask_is_left_without_its_manifest(prediction, save, tmp_path, monkeypatch):
    def refuse(*_):
        raise InputRefusedError("no shares.")

    monkeypatch.setattr(module, "describe_run", refuse)
    with pytest.raises(InputRefusedError, match="no shares"):
        save(prediction)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("write", "left"),
    [
        ("write_json", {"m.nii.gz"}),
        ("write_nifti_probabilities", {"m.nii.gz", "m.json"}),
    ],
)
def test_a_run_that_dies_leaves_nothing_of_an_earlier_one(
    prediction, save, tmp_path, monkeypatch, write, left
):
    def die(*_):
        raise KeyboardInterrupt

    save(prediction)
    assert names(tmp_path) == {"m.nii.gz", "m.json", "m_prob.nii.gz"}
    monkeypatch.setattr(module, write, die)
    with pytest.raises(KeyboardInterrupt):
        save(prediction)
    assert names(tmp_path) == left

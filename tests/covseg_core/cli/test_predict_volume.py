from __future__ import annotations

from pathlib import Path

import pytest

from covseg_core.cli import predict_volume as module
from covseg_core.cli.predict_volume import Wanted, beside, save_prediction
from covseg_core.errors import InputRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import Prediction
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model


@pytest.mark.parametrize(
    ("mask", "ending", "name"),
    [
        ("m.nii.gz", ".json", "m.json"),
        ("m.nii", "_prob.nii.gz", "m_prob.nii.gz"),
        ("m.png", ".npy", "m.npy"),
        ("m.1.2.nii.gz", ".json", "m.1.2.json"),
        ("m.dcm", ".json", "m.json"),
        ("m.seg.nrrd", "_prob.nii.gz", "m_prob.nii.gz"),
    ],
)
def test_files_are_named_after_their_mask(mask, ending, name):
    assert beside(Path("folder") / mask, ending) == Path("folder") / name


def test_no_mask_is_left_without_its_manifest(blocks, tmp_path, monkeypatch):
    def refuse(*_):
        raise InputRefusedError("no shares.")

    monkeypatch.setattr(module, "describe_run", refuse)
    prediction = Prediction(blocks.lesions, None, None, "cpu", "none", 0.0)
    with pytest.raises(InputRefusedError, match="no shares"):
        save_prediction(
            tmp_path / "m.nii.gz",
            blocks.ct,
            prediction,
            load_model(find_model("hu-threshold")),
            Wanted(PredictSettings()),
        )
    assert list(tmp_path.iterdir()) == []

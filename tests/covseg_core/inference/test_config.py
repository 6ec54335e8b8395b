from __future__ import annotations

import pytest
from pydantic import ValidationError

from covseg_core.inference.config import PredictSettings
from covseg_core.registry.store import find_model
from covseg_core.settings import parameters_of


def test_the_models_threshold_holds_until_the_user_gives_another():
    card = find_model("hu-threshold").card.model_copy(update={"threshold": 0.3})
    assert PredictSettings().threshold_for(card) == 0.3
    assert PredictSettings(threshold=0.7).threshold_for(card) == 0.7
    assert PredictSettings(threshold=0.0).threshold_for(card) == 0.0


def test_the_device_comes_from_the_environment_when_nothing_is_said(monkeypatch):
    monkeypatch.delenv("COVSEG_DEVICE", raising=False)
    assert PredictSettings().device == "auto"
    monkeypatch.setenv("COVSEG_DEVICE", "cuda:3")
    assert PredictSettings().device == "cuda:3"
    assert PredictSettings(device="cpu").device == "cpu"
    assert parameters_of(PredictSettings)[0].default == "cuda:3"


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cpu ", "", "cuda:0\n"])
def test_devices_that_nobody_has_are_refused_wherever_they_come_from(
    device, monkeypatch
):
    with pytest.raises(ValidationError, match="must be auto, cpu, cuda or cuda:N"):
        PredictSettings(device=device)
    monkeypatch.setenv("COVSEG_DEVICE", device)
    with pytest.raises(ValidationError, match="must be auto, cpu, cuda or cuda:N"):
        PredictSettings()


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"batch_size": 0},
        {"smallest_ml": -1},
        {"smallest_ml": float("inf")},
        {"engine": "tensorrt"},
        {"speed": 3},
    ],
)
def test_settings_out_of_bounds_are_refused(change):
    with pytest.raises(ValidationError):
        PredictSettings(**change)

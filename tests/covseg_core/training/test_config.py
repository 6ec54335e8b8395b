from __future__ import annotations

import pytest
from pydantic import ValidationError

from covseg_core.training.config import TrainSettings


def test_settings_survive_json():
    settings = TrainSettings(epochs=3, weighting="released", augment={"flip": 0.0})
    assert TrainSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": 2.0},
        {"learning_rate": 0.0},
        {"clip": -0.5},
        {"weighting": "papers"},
        {"augment": {"flop": 1}},
    ],
)
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(ValidationError):
        TrainSettings(**change)

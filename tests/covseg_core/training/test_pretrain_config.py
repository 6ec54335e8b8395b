from __future__ import annotations

import pytest
from pydantic import ValidationError

from covseg_core.settings import parameters_of
from covseg_core.training.config import TrainSettings
from covseg_core.training.pretrain_config import PretrainSettings


def test_what_both_trainings_have_is_declared_once():
    ours = {each.name: each for each in parameters_of(PretrainSettings)}
    theirs = {each.name: each for each in parameters_of(TrainSettings)}
    for name in ("batch_size", "schedule", "clip", "precision", "checkpoint_s", "seed"):
        assert ours[name] == theirs[name]
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        PretrainSettings(batch_size=1)


def test_a_step_of_no_size_is_refused():
    with pytest.raises(ValidationError, match="learning_rate"):
        PretrainSettings(learning_rate=0)


def test_what_means_nothing_without_labels_is_not_offered():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        PretrainSettings(rehearsal=0.5)


def test_the_loop_sees_every_slice_once_and_goes_to_the_end():
    chosen = PretrainSettings(epochs=7, learning_rate=0.02, device="cpu", seed=3)
    training = chosen.training
    assert (training.epochs, training.learning_rate, training.seed) == (7, 0.02, 3)
    assert not training.balance
    assert training.patience == 0
    assert training.augment == chosen.augment

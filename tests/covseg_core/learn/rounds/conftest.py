"""Unlabelled pictures beside the store, a parent, and plans in rounds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.learn.rounds.config import SelfTrainSettings
from covseg_core.learn.rounds.plan import plan_rounds
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.steps import result_of

QUICK = {"batch_size": 8, "device": "cpu", "checkpoint_s": 86400}


@pytest.fixture
def pictures(tmp_path):
    """Four pictures of one slice each, in other greys."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        grey = np.random.default_rng(number).integers(0, 255, (40, 48), np.uint8)
        Image.fromarray(grey).save(folder / f"slice{number}.png")
    return folder


@pytest.fixture
def rounds(store, pictures, parent):
    """Make a plan: ``rounds("name", group=2)`` of the pictures or of other paths."""

    def make(name, *, paths=(pictures,), into=store, parent=parent, **change):
        quick = QUICK | {"group": 2}
        if change.get("recipe") != "u-net":
            quick |= {"last_epochs": 1}
        settings = SelfTrainSettings(**(quick | change))
        scans = find_unlabelled(paths)
        return result_of(plan_rounds(into, scans, name, parent, settings))

    return make

"""A store of small scans, and plans with a network that tests can wait for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from covseg_core.cases.store import CaseStore
from covseg_core.learn.config import NewModel
from covseg_core.learn.planning import make_plan
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.weights import save_model
from covseg_core.training.config import TrainSettings
from covseg_core.transforms.prepare import Prepare

SPLITS = ("train", "train", "validation", "held-out")
QUICK = {"epochs": 1, "batch_size": 4, "device": "cpu", "checkpoint_s": 0}


def fill(store, blocks):
    """Add a done case per split, each the block phantom in other grey."""
    for number, split in enumerate(SPLITS):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        name = f"{split}-{number}"
        store.add_case(ct, case_id=name, lungs=blocks.lungs, split=split)
        store.add_mask(name, blocks.lesions, source="manual")
        store.set_state(name, "done")


@pytest.fixture
def store(tmp_path, blocks):
    """Two cases to learn from, one to validate on, one held out."""
    made = CaseStore.create(tmp_path / "cases")
    fill(made, blocks)
    return made


@pytest.fixture
def plan(store, tiny):
    """Make a plan: ``plan("name", epochs=1)``, or ``plan("name", parent="other")``."""

    def make(name, *, parent=None, start="parent", **change):
        size = None if parent else 64
        made = make_plan(
            store,
            name,
            NewModel(parent=parent, start=start, size=size),
            TrainSettings(**(QUICK | change)),
        )
        if parent:
            return made
        card = made.card.model_copy(update={"arguments": tiny})
        return made.model_copy(update={"card": card})

    return make


@pytest.fixture
def parent(covseg_home, tiny):
    """A model of random weights in the user's store; gives its name."""
    torch.manual_seed(3)
    network = create_model("infnet", **tiny)
    card = ModelCard(
        name="parent",
        summary="Never trained.",
        architecture="infnet",
        arguments=tiny,
        label_set="infection",
        prepare=Prepare(size=64),
    )
    save_model(covseg_home / "models" / "parent", card, network.state_dict())
    return "parent"

"""Models to try the store with: cards alone, and a tiny one of random weights."""

from __future__ import annotations

import json
import shutil

import pytest

from covseg_core.registry.card import ModelCard
from covseg_core.registry.home import models_folder
from covseg_core.transforms.prepare import Prepare


@pytest.fixture
def card(tiny):
    return _card(tiny)


def _card(tiny):
    return ModelCard(
        name="tiny",
        summary="Never trained.",
        architecture="infnet",
        arguments=tiny,
        label_set="infection",
        prepare=Prepare(size=64),
    )


@pytest.fixture(scope="session")
def network(one_thread, tiny):
    import torch

    from covseg_core.models import create_model

    torch.manual_seed(3)
    return create_model("infnet", **tiny).eval()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, network, tiny):
    """The tiny model, written once; tests get copies."""
    from covseg_core.registry.weights import save_model

    folder = tmp_path_factory.mktemp("finished") / "tiny"
    save_model(folder, _card(tiny), network.state_dict())
    return folder


@pytest.fixture
def model_folder(tmp_path, finished):
    return shutil.copytree(finished, tmp_path / "tiny")


@pytest.fixture
def put():
    """Put a card without weights into the user's store."""

    def put(folder, name=None, **change):
        card = {
            "name": name or folder,
            "summary": "The user's.",
            "architecture": "hu-threshold",
            "label_set": "lesions",
        }
        path = models_folder() / folder
        path.mkdir(parents=True)
        (path / "card.json").write_text(json.dumps(card | change))
        return path

    return put


@pytest.fixture
def tiny_entry(covseg_home, finished):
    """The tiny model in the user's store."""
    from covseg_core.registry.store import find_model

    shutil.copytree(finished, models_folder() / "tiny")
    return find_model("tiny")

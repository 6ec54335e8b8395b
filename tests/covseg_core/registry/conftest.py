"""A tiny model of random weights, stored as a folder."""

from __future__ import annotations

import pytest

from covseg_core.registry.card import ModelCard
from covseg_core.transforms.prepare import Prepare


@pytest.fixture
def card(tiny):
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


@pytest.fixture
def model_folder(tmp_path, card, network):
    from covseg_core.registry.weights import save_model

    save_model(tmp_path / "tiny", card, network.state_dict())
    return tmp_path / "tiny"

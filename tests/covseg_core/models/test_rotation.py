from __future__ import annotations

import pytest
import torch

from covseg_core.errors import ModelRefusedError
from covseg_core.models import create_model
from covseg_core.models.infnet import InfNet
from covseg_core.models.rotation import TurnTeller, encoder_of, turned


def test_slices_are_turned_anticlockwise_by_quarters():
    x = torch.tensor([[[[1, 2], [3, 4]]]]).expand(4, 1, 2, 2)
    found = turned(x, torch.arange(4))[:, 0].tolist()
    assert found == [
        [[1, 2], [3, 4]],
        [[2, 4], [1, 3]],
        [[4, 3], [2, 1]],
        [[3, 1], [4, 2]],
    ]


def test_nothing_but_the_encoder_is_handed_on(recipe):
    network = create_model(recipe[0], **recipe[1])
    if recipe[0] not in ("infnet", "multi-infnet", "infnet-joint", "unet"):
        with pytest.raises(ModelRefusedError, match="cannot be pretrained"):
            TurnTeller(network)
        return
    teller = TurnTeller(network)
    with torch.no_grad():
        for value in teller.state_dict().values():
            value.add_(1)
    before, handed = network.state_dict(), teller.handed_on()
    changed = {key for key in before if not torch.equal(before[key], handed[key])}
    staged = recipe[0] in ("multi-infnet", "infnet-joint")
    place = "prior.encoder." if staged else "encoder."
    assert changed == {key for key in before if key.startswith(place)}
    assert len(changed) == len(encoder_of(network).state_dict())
    network.load_state_dict(handed)


def test_there_are_four_answers_and_every_weight_learns_from_them(tiny):
    teller = TurnTeller(InfNet(**tiny))
    logits = teller(torch.randn(2, 3, 64, 64))
    assert logits.shape == (2, 4)
    logits.square().sum().backward()
    assert all(each.grad is not None for each in teller.parameters())

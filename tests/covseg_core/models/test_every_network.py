"""What holds for every network, whatever its wiring."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from covseg_core.errors import InputRefusedError
from covseg_core.models import create_model


def slices(recipe, count=2, height=32, width=64):
    channels = recipe[1].get("in_channels", 3)
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, channels, height, width, generator=generator)


@pytest.fixture(scope="module")
def built():
    """Networks by recipe, made once; a test that changes one takes a copy."""
    return {}


@pytest.fixture
def network(recipe, built):
    key = json.dumps(recipe)
    if key not in built:
        torch.manual_seed(0)
        built[key] = create_model(recipe[0], **recipe[1])
        # So that the running statistics are not those of a new network.
        built[key](slices(recipe))
    return copy.deepcopy(built[key])


def tensors_of(output):
    if isinstance(output, torch.Tensor):
        return [output]
    return [tensor for part in output for tensor in tensors_of(part)]


def test_every_parameter_learns_from_the_output(network, recipe):
    sum(
        tensor.square().mean() for tensor in tensors_of(network(slices(recipe)))
    ).backward()
    lost = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all()
    ]
    assert lost == []


def test_every_output_has_the_size_of_the_slices(network, recipe):
    for tensor in tensors_of(network(slices(recipe))):
        assert tensor.shape[0] == 2
        assert tensor.shape[2:] == (32, 64)


def test_there_is_one_probability_per_class(network, recipe):
    network.eval()
    with torch.no_grad():
        probabilities = network.predict_probabilities(slices(recipe))
    assert probabilities.shape == (2, len(network.label_set.classes), 32, 64)
    assert probabilities.min() >= 0
    assert probabilities.sum(dim=1).max() <= 1 + 1e-6
    assert probabilities.std() > 0


def test_a_slice_does_not_see_its_neighbours_in_the_batch(network, recipe):
    x = slices(recipe)
    network.eval()
    with torch.no_grad():
        together = network.predict_probabilities(x)
        alone = torch.cat([network.predict_probabilities(each[None]) for each in x])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_prediction_is_the_same_twice_and_changes_no_weight(network, recipe):
    x = slices(recipe)
    network.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        assert torch.equal(
            network.predict_probabilities(x), network.predict_probabilities(x)
        )
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_saved_weights_and_arguments_make_the_same_network(network, recipe, tmp_path):
    x = slices(recipe)
    network.eval()
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    architecture, arguments = json.loads(json.dumps(recipe))
    again = create_model(architecture, **arguments).eval()
    again.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    with torch.no_grad():
        assert torch.equal(
            network.predict_probabilities(x), again.predict_probabilities(x)
        )


def test_an_odd_size_is_refused_with_the_size_to_pad_to(network, recipe):
    network.eval()
    with pytest.raises(
        InputRefusedError, match=r"got slices of 65 x 64 .* Pad them to 96 x 64"
    ):
        network(slices(recipe, count=1, height=65))


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_a_trace_serves_another_size(network, recipe):
    network.eval()
    # Without torch's own checks, which run the network three times more.
    traced = torch.jit.trace_module(
        network, {"predict_probabilities": slices(recipe)}, check_trace=False
    )
    other = slices(recipe, count=1, height=64, width=32)
    with torch.no_grad():
        torch.testing.assert_close(
            traced.predict_probabilities(other), network.predict_probabilities(other)
        )

"""Published weights, and with them the wiring of Inf-Net.

`inf_net` below computes the network a second time, from published tensor names
and plain functions; it shares no code with the package.
"""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch.nn import functional as F

from covseg_core.errors import ModelRefusedError
from covseg_core.models import create_model
from covseg_core.models.import_published import add_prior, import_state_dict

BACKBONES = ["res2net50", "resnest50", "resnet50", "resnext50", "iresnet50", "vgg16"]


def bn(state, name, x):
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(state[f"{name}.{each}"] for each in names))


def block(state, name, x, padding=0, dilation=1):
    weight = state[f"{name}.conv.weight"]
    y = F.conv2d(x, weight, padding=padding, dilation=dilation)
    return bn(state, f"{name}.bn", y)


def resize(x, scale, *, align_corners=False):
    return F.interpolate(
        x, scale_factor=scale, mode="bilinear", align_corners=align_corners
    )


def rfb(state, name, x):
    branches = [block(state, f"{name}.branch0.0", x)]
    for branch, k in ((1, 3), (2, 5), (3, 7)):
        y = block(state, f"{name}.branch{branch}.0", x)
        y = block(state, f"{name}.branch{branch}.1", y, padding=(0, k // 2))
        y = block(state, f"{name}.branch{branch}.2", y, padding=(k // 2, 0))
        branches.append(block(state, f"{name}.branch{branch}.3", y, k, dilation=k))
    merged = block(state, f"{name}.conv_cat", torch.cat(branches, 1), padding=1)
    return F.relu(merged + block(state, f"{name}.conv_res", x))


def partial_decoder(state, a, b, c):
    def conv(name, x):
        return block(state, f"ParDec.{name}", x, padding=1)

    def up(x):
        return resize(x, 2, align_corners=True)

    b1 = conv("conv_upsample1", up(a)) * b
    c1 = conv("conv_upsample2", up(up(a))) * conv("conv_upsample3", up(b)) * c
    b2 = conv("conv_concat2", torch.cat((b1, conv("conv_upsample4", up(a))), 1))
    c2 = conv("conv_concat3", torch.cat((c1, conv("conv_upsample5", up(b2))), 1))
    last = conv("conv4", c2)
    return F.conv2d(last, state["ParDec.conv5.weight"], state["ParDec.conv5.bias"])


def reverse(state, level, feature, guess, edge, paddings):
    x = (1 - guess.sigmoid()) * feature
    x = torch.cat((block(state, f"ra{level}_conv1", x), edge), 1)
    *middle, last = enumerate(paddings, start=2)
    for number, padding in middle:
        x = F.relu(block(state, f"ra{level}_conv{number}", x, padding))
    return block(state, f"ra{level}_conv{last[0]}", x, last[1]) + guess


def inf_net(state, features, scale):
    """Logits S3, S4, S5, Sg and edge; `scale` is that of f3, 8 but for VGG 4."""
    f2, f3, f4, f5 = features
    squeezed = rfb(state, "rfb4_1", f5), rfb(state, "rfb3_1", f4)
    sg = partial_decoder(state, *squeezed, rfb(state, "rfb2_1", f3))
    edge = block(state, "edge_conv1", f2)
    edge = block(state, "edge_conv2", edge, padding=1)
    edge = block(state, "edge_conv3", edge, padding=1)
    e5, e4, e3 = (resize(edge, 1 / k) for k in (8, 4, 2))
    s5 = reverse(state, 4, f5, resize(sg, 0.25), e5, (2, 2, 2, 0))
    s4 = reverse(state, 3, f4, resize(s5, 2), e4, (1, 1, 1))
    s3 = reverse(state, 2, f3, resize(s4, 2), e3, (1, 1, 1))
    outline = block(state, "edge_conv4", edge, padding=1)
    return (
        resize(s3, scale),
        resize(s4, 2 * scale),
        resize(s5, 4 * scale),
        resize(sg, scale),
        resize(outline, scale // 2),
    )


def filled(build, state, *, strict=True):
    """Build a network around weights, without the time to make random ones."""
    with torch.device("meta"):
        network = build()
    report = network.load_state_dict(state, strict=strict, assign=True)
    return network.eval(), report


def backbone_features(name, state, x):
    """Features by libraries' own networks, which have the published names."""
    if name == "vgg16":
        return vgg_features(state, x)
    if name == "iresnet50":
        return iresnet_features(state, x)
    build = {
        "res2net50": lambda: timm.create_model("res2net50d"),
        "resnest50": lambda: timm.create_model("resnest50d"),
        "resnet50": torchvision.models.resnet50,
        "resnext50": torchvision.models.resnext50_32x4d,
    }[name]
    own = {
        key.removeprefix("resnet."): value
        for key, value in state.items()
        if key.startswith("resnet.") and not key.startswith("resnet.fc.")
    }
    body, lacking = filled(build, own, strict=False)
    assert set(lacking.missing_keys) == {"fc.weight", "fc.bias"}
    assert lacking.unexpected_keys == []
    activation = body.act1 if hasattr(body, "act1") else body.relu
    x = body.maxpool(activation(body.bn1(body.conv1(x))))
    features = []
    for layer in (body.layer1, body.layer2, body.layer3, body.layer4):
        x = layer(x)
        features.append(x)
    return features


def vgg_features(state, x):
    features = []
    for stage, layers in (
        ("conv1", ("conv1_1", "conv1_2")),
        ("conv2", ("conv2_1", "conv2_2")),
        ("conv3", ("conv3_1", "conv3_2", "conv3_3")),
        ("conv4_1", ("conv4_1_1", "conv4_2_1", "conv4_3_1")),
        ("conv5_1", ("conv5_1_1", "conv5_2_1", "conv5_3_1")),
    ):
        x = F.avg_pool2d(x, 2) if features else x
        for layer in layers:
            name = f"vgg.{stage}.{layer}"
            weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
        features.append(x)
    return features[1:]


def iresnet_features(state, x):
    def conv(name, x, stride=1):
        weight = state[f"resnet.{name}.weight"]
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def norm(name, x):
        return bn(state, f"resnet.{name}", x)

    x = F.relu(norm("bn1", conv("conv1", x, 2)))
    features = []
    for stage, depth in ((1, 3), (2, 4), (3, 6), (4, 3)):
        for number in range(depth):
            name, first = f"layer{stage}.{number}", number == 0
            y = norm(f"{name}.bn0", x) if number > 1 else x
            y = y if first else F.relu(y)
            y = F.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", y)))
            y = conv(f"{name}.conv2", y, 2 if first else 1)
            y = conv(f"{name}.conv3", F.relu(norm(f"{name}.bn2", y)))
            if first:
                x = conv(f"{name}.downsample.1", F.max_pool2d(x, 3, 2, 1))
                x = norm(f"{name}.downsample.2", x) + norm(f"{name}.bn3", y)
            else:
                x = x + y
        x = F.relu(norm(f"layer{stage}.{depth - 1}.bn3", x))
        features.append(x)
    return features


@pytest.fixture
def saved(tmp_path):
    """Write a state_dict as the authors did."""

    def save(state, name="Inf-Net-100.pth"):
        torch.save(state, tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture
def numbered(published_shapes):
    """A checkpoint in which the n-th tensor is n everywhere, and small on disk."""

    def make(name):
        return {
            key: torch.tensor(float(n)).expand(shape)
            for n, (key, shape) in enumerate(published_shapes[name].items())
        }

    return make


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_imported_inf_net_computes_what_the_published_one_does(
    backbone, random_state, saved
):
    state = random_state(backbone)
    imported = import_state_dict(saved(state))
    assert imported.arguments["backbone"] == backbone
    network, _ = filled(
        lambda: create_model(imported.architecture, **imported.arguments),
        imported.state_dict,
    )
    x = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(8))
    with torch.no_grad():
        features = backbone_features(backbone, state, x)
        expected = inf_net(state, features, scale=4 if backbone == "vgg16" else 8)
        output = network(x)
    for found, wanted in zip((*output.maps, output.edge), expected, strict=True):
        assert wanted.std() > 0.01
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", [*BACKBONES, "unet"])
def test_every_published_tensor_finds_its_own_place(name, numbered, saved):
    state = numbered(name)
    imported = import_state_dict(saved(state), channel_order="background-first")
    dropped = ("resnet.fc.", "vgg.conv4_2.", "vgg.conv5_2.")
    wanted = {n for n, key in enumerate(state) if not key.startswith(dropped)}
    found = [value.flatten()[0].item() for value in imported.state_dict.values()]
    assert len(found) == len(wanted)
    assert set(found) == wanted
    assert bool(imported.notes) == (len(wanted) < len(state) or name == "unet")


@pytest.mark.parametrize(("prefix", "counted"), [("", False), ("module.", True)])
def test_parallel_training_and_absent_counters_make_no_difference(
    numbered, saved, prefix, counted
):
    state = {
        prefix + key: value
        for key, value in numbered("vgg16").items()
        if counted or not key.endswith("num_batches_tracked")
    }
    imported = import_state_dict(saved(state))
    assert imported.arguments == {"backbone": "vgg16"}
    filled(lambda: create_model("infnet", backbone="vgg16"), imported.state_dict)


def test_safetensors_are_read_too(numbered, tmp_path):
    state = {key: value.clone() for key, value in numbered("unet").items()}
    save_file(state, tmp_path / "unet.safetensors")
    assert import_state_dict(tmp_path / "unet.safetensors").needs_prior


@pytest.mark.parametrize(
    ("channel_order", "published_bias"),
    [
        # opacity, consolidation, background
        ("published", (9, 4, 1)),
        # background, opacity, consolidation
        ("background-first", (1, 9, 4)),
    ],
)
def test_channels_of_a_unet_come_in_our_order(
    numbered, saved, channel_order, published_bias
):
    state = numbered("unet")
    state["outc.conv.bias"] = torch.tensor(published_bias, dtype=torch.float32)
    state["outc.conv.weight"] = (
        state["outc.conv.bias"].view(3, 1, 1, 1).expand(3, 64, 1, 1)
    )
    imported = import_state_dict(saved(state), channel_order=channel_order).state_dict
    assert imported["unet.outc.conv.bias"].tolist() == [1, 9, 4]
    assert imported["unet.outc.conv.weight"][:, 0, 0, 0].tolist() == [1, 9, 4]


def test_a_unet_and_its_inf_net_make_one_network(numbered, saved):
    unet = saved(numbered("unet"), "unet_model_200.pkl")
    imported = import_state_dict(unet, prior=saved(numbered("vgg16")))
    assert not imported.needs_prior
    assert imported.architecture == "multi-infnet"
    assert any("stretches each prior" in note for note in imported.notes)
    filled(
        lambda: create_model("multi-infnet", **imported.arguments), imported.state_dict
    )


def test_a_unet_alone_says_that_it_needs_a_prior(numbered, saved):
    imported = import_state_dict(saved(numbered("unet")))
    assert imported.needs_prior
    assert all(name.startswith("unet.") for name in imported.state_dict)
    assert "without the Inf-Net that makes its prior" in imported.notes[0]


def test_an_inf_net_takes_no_prior(numbered, saved):
    inf_net = import_state_dict(saved(numbered("vgg16")))
    with pytest.raises(
        ModelRefusedError, match="got infnet weights and infnet weights"
    ):
        add_prior(inf_net, inf_net)


def test_a_missing_and_a_strange_tensor_are_named_as_in_the_file(numbered, saved):
    state = numbered("resnet50")
    state["ra4_conv9.conv.weight"] = state.pop("ra4_conv5.conv.weight")
    with pytest.raises(
        ModelRefusedError,
        match=r"Inf-Net-100\.pth .* missing: 1 \(ra4_conv5\.conv\.weight\); "
        r".*unexpected: 1 \(ra4_conv9\.conv\.weight\)",
    ):
        import_state_dict(saved(state))


def test_a_tensor_of_another_shape_is_refused(numbered, saved):
    state = numbered("vgg16")
    state["rfb2_1.conv_cat.conv.weight"] = torch.zeros(64, 128, 3, 3)
    with pytest.raises(ModelRefusedError, match=r"shape: 1 \(rfb2_1.conv_cat.conv"):
        import_state_dict(saved(state))


def test_numbers_that_are_not_finite_are_refused(numbered, saved):
    state = numbered("vgg16")
    state["ParDec.conv5.bias"] = torch.tensor([float("nan")])
    with pytest.raises(ModelRefusedError, match=r"not finite, in ParDec\.conv5\.bias"):
        import_state_dict(saved(state))


def test_weights_of_another_network_are_refused_with_their_names(saved):
    with pytest.raises(ModelRefusedError, match=r"tensors are called fc\.weight"):
        import_state_dict(saved({"fc.weight": torch.zeros(2)}))

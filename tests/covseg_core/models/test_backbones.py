from __future__ import annotations

import pytest
import torch
from torch import nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models.backbones import (
    BACKBONES,
    create_backbone,
    create_full_backbone,
)


def meta(create, name, **arguments):
    with torch.device("meta"):
        backbone = create(name, **arguments)
        channels = arguments.get("in_channels", 3)
        return backbone, backbone(torch.empty(2, channels, 64, 64))


@pytest.mark.parametrize("name", [*BACKBONES, "mobilenetv2_100", "efficientnet_b0"])
def test_four_features_lie_an_octave_apart(name):
    backbone, features = meta(create_backbone, name)
    finest = 32 if name == "vgg16" else 16
    sides = [feature.shape[-1] for feature in features]
    assert sides == [finest, finest // 2, finest // 4, finest // 8]
    assert tuple(feature.shape[1] for feature in features) == backbone.channels


@pytest.mark.parametrize("name", ["resnext50", "vgg16", "iresnet50", "dla34"])
def test_the_five_features_of_a_unet_lie_an_octave_apart(name):
    backbone, features = meta(create_full_backbone, name, in_channels=1)
    assert [feature.shape[-1] for feature in features] == [32, 16, 8, 4, 2]
    assert tuple(feature.shape[1] for feature in features) == backbone.channels


def test_vgg16_pools_by_the_mean():
    kinds = {type(layer) for layer in meta(create_backbone, "vgg16")[0].modules()}
    assert nn.AvgPool2d in kinds
    assert nn.MaxPool2d not in kinds


def test_a_misspelt_backbone_is_refused_with_a_guess():
    with pytest.raises(
        ModelRefusedError, match=r"no backbone 'resnest5O'.*Did you mean resnest50"
    ):
        create_backbone("resnest5O")


def test_a_backbone_of_one_scale_is_refused_with_the_scales_needed():
    with pytest.raises(
        ModelRefusedError, match=r"1/4, 1/8, 1/16, 1/32 are needed, .* are missing"
    ):
        meta(create_backbone, "convmixer_768_32")


def test_a_backbone_without_a_feature_at_half_size_makes_no_unet():
    with pytest.raises(ModelRefusedError, match="1/2 are missing"):
        meta(create_full_backbone, "convnext_atto")


def test_a_transformer_is_refused():
    with pytest.raises(ModelRefusedError, match="only images of one size or puts"):
        meta(create_backbone, "swin_tiny_patch4_window7_224")


def test_iresnet50_has_no_pretrained_weights():
    with pytest.raises(ModelRefusedError, match="no pretrained weights of iresnet50"):
        create_backbone("iresnet50", pretrained=True)


def test_weights_out_of_reach_are_an_error_that_says_so(monkeypatch):
    def offline(*_args, **_kwargs):
        raise ConnectionError("secret address")

    monkeypatch.setattr("timm.create_model", offline)
    with pytest.raises(
        ModelRefusedError, match=r"'resnet50' \(ConnectionError\).*again online"
    ):
        create_backbone("resnet50", pretrained=True)

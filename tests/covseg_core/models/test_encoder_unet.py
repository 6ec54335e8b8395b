from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.models.encoder_unet import EncoderUNet

TINY = {"backbone": "mobilenetv3_small_050", "width": 4}


@pytest.mark.parametrize(("classes", "labels"), [(1, INFECTION), (3, LESIONS)])
def test_the_number_of_classes_decides_what_is_outlined(classes, labels):
    network = EncoderUNet(classes=classes, **TINY)
    assert network.label_set is labels
    assert network(torch.zeros(2, 3, 32, 32)).logits.shape == (2, classes, 32, 32)


def test_two_classes_are_refused():
    with pytest.raises(ModelRefusedError, match="got classes 2"):
        EncoderUNet(classes=2, **TINY)


def test_the_baseline_of_the_papers_rests_on_resnext50():
    with torch.device("meta"):
        network = EncoderUNet()
    assert network.encoder.body.layer1[0].conv2.groups == 32


def test_three_classes_may_be_the_lungs_and_nothing_unknown():
    assert EncoderUNet(classes=3, labels="lungs", **TINY).label_set is LUNGS
    with pytest.raises(ModelRefusedError, match="got labels 'lobes'"):
        EncoderUNet(classes=3, labels="lobes", **TINY)


def test_only_lungs_are_told_apart_by_where_they_lie():
    """The left half of a picture of one grey looks like its right half otherwise."""
    torch.manual_seed(0)
    grey = torch.full((1, 3, 64, 128), 0.3)
    lungs = EncoderUNet(classes=3, labels="lungs", **TINY).eval()
    logits = lungs(grey).logits
    assert not torch.allclose(logits, logits.flip(-1), atol=1e-3)
    assert torch.equal(deepcopy(lungs)(grey).logits, logits)

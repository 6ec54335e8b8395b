from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.losses import (
    border_weight,
    class_loss,
    infnet_loss,
    lesion_edges,
    segmentation_loss,
)


def two_pixels():
    """A 1x2 mask (1, 0) with probabilities 3/4 and 1/2.

    The mean of the mask in any 31x31 window is 1/961, so the weights are
    1 + 5 * 960/961 on the lesion and 1 + 5 * 1/961 beside it.
    """
    mask = torch.tensor([[[[1.0, 0.0]]]])
    logits = torch.tensor([[[[math.log(3), 0.0]]]])
    return logits, mask, 1 + 5 * 960 / 961, 1 + 5 / 961


def iou_of_two_pixels(on, off):
    both = 0.75 * on
    either = 1.75 * on + 0.5 * off
    return 1 - (both + 1) / (either - both + 1)


def test_the_paper_weighs_the_cross_entropy_near_borders():
    logits, mask, on, off = two_pixels()
    entropy = (on * math.log(4 / 3) + off * math.log(2)) / (on + off)
    expected = entropy + iou_of_two_pixels(on, off)
    assert segmentation_loss(logits, mask).item() == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(0.612840, abs=1e-6)


def test_the_released_code_takes_the_plain_mean_of_the_cross_entropy():
    logits, mask, on, off = two_pixels()
    entropy = (math.log(4 / 3) + math.log(2)) / 2
    expected = entropy + iou_of_two_pixels(on, off)
    loss = segmentation_loss(logits, mask, "released")
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(0.757347, abs=1e-6)


def test_the_loss_of_a_batch_is_the_mean_of_its_slices():
    torch.manual_seed(1)
    logits, mask = torch.randn(3, 1, 8, 8), (torch.rand(3, 1, 8, 8) > 0.5).float()
    for weighting in ("paper", "released"):
        each = [
            segmentation_loss(logits[i : i + 1], mask[i : i + 1], weighting)
            for i in range(3)
        ]
        whole = segmentation_loss(logits, mask, weighting)
        torch.testing.assert_close(whole, torch.stack(each).mean())


def test_a_perfect_answer_costs_nothing_and_the_opposite_much():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:9, 3:8] = 1
    sure = 40 * (2 * mask - 1)
    assert segmentation_loss(sure, mask).item() == pytest.approx(0, abs=1e-5)
    assert segmentation_loss(-sure, mask).item() > 40


def test_border_weight_is_that_of_a_plain_31x31_mean():
    torch.manual_seed(2)
    mask = (torch.rand(2, 1, 40, 50) > 0.7).float()
    plain = F.avg_pool2d(mask, kernel_size=31, stride=1, padding=15)
    torch.testing.assert_close(border_weight(mask), 1 + 5 * (plain - mask).abs())


def test_the_edge_of_a_square_is_its_outermost_ring():
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 2:7, 2:7] = 1
    ring = mask.clone()
    ring[..., 3:6, 3:6] = 0
    torch.testing.assert_close(lesion_edges(mask), ring)


def test_a_mask_that_leaves_the_picture_has_no_edge_there():
    mask = torch.zeros(1, 1, 4, 6)
    mask[..., :3] = 1
    expected = torch.zeros_like(mask)
    expected[..., 2] = 1
    torch.testing.assert_close(lesion_edges(mask), expected)


def test_the_loss_of_infnet_sums_every_map_and_the_edge():
    torch.manual_seed(3)
    mask = torch.zeros(2, 1, 12, 12)
    mask[..., 3:8, 4:9] = 1
    maps = tuple(torch.randn(2, 1, 12, 12) for _ in range(4))
    edge = torch.randn(2, 1, 12, 12)
    for weighting in ("paper", "released"):
        expected = sum(segmentation_loss(each, mask, weighting) for each in maps)
        expected += F.binary_cross_entropy_with_logits(edge, lesion_edges(mask))
        torch.testing.assert_close(infnet_loss(maps, edge, mask, weighting), expected)


def test_class_loss_is_cross_entropy_plus_the_mean_soft_dice_of_two_classes():
    # One pixel of opacity and one of background, each answered by 1/2, 1/4, 1/4.
    logits = torch.tensor([2.0, 1.0, 1.0]).log().view(1, 3, 1, 1).expand(1, 3, 1, 2)
    labels = torch.tensor([[[1, 0]]])
    entropy = (math.log(4) + math.log(2)) / 2
    opacity = 1 - (2 * 0.25 + 1) / (1 + 0.5 + 1)
    consolidation = 1 - (0 + 1) / (0 + 0.5 + 1)
    expected = entropy + (opacity + consolidation) / 2
    assert class_loss(logits, labels).item() == pytest.approx(expected, rel=1e-6)


def test_unknown_class_pulls_to_infected_and_towards_neither_class():
    logits = torch.zeros(1, 3, 2, 2, requires_grad=True)
    labels = torch.full((1, 2, 2), UNKNOWN_CLASS)
    class_loss(logits, labels).backward()
    background, opacity, consolidation = logits.grad.mean((0, 2, 3))
    assert background > 0
    assert opacity < 0
    torch.testing.assert_close(opacity, consolidation)


def test_unknown_class_costs_nothing_once_the_pixel_is_called_infected():
    labels = torch.full((1, 1, 1), UNKNOWN_CLASS)
    for infected in ([-30.0, 5.0, -5.0], [-30.0, -5.0, 5.0], [-30.0, 0.0, 0.0]):
        logits = torch.tensor(infected).view(1, 3, 1, 1)
        assert class_loss(logits, labels).item() == pytest.approx(0, abs=1e-6)


def test_every_loss_has_finite_gradients_where_the_answer_is_sure_and_wrong():
    logits = torch.full((1, 3, 4, 4), -60.0)
    logits[:, 0] = 60
    logits.requires_grad_()
    labels = torch.full((1, 4, 4), UNKNOWN_CLASS)
    labels[0, 0] = 2
    class_loss(logits, labels).backward()
    assert logits.grad.isfinite().all()
    single = torch.full((1, 1, 4, 4), 200.0, requires_grad=True)
    segmentation_loss(single, torch.zeros(1, 1, 4, 4)).backward()
    assert single.grad.isfinite().all()

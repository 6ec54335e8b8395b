from __future__ import annotations

import pytest
import torch

from covseg_core.labels import NOT_INFECTED, UNKNOWN_CLASS, UNLABELLED, Tissue
from covseg_core.models import create_model
from covseg_core.models.stichnet import StichNetOutput
from covseg_core.training.stitching import (
    allowed_tissues,
    bound,
    grey_likelihoods,
    misfit_of_levels,
    stitching_objective,
)

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE = (1, 4, 4, 4)


def said(p=(0.25, 0.25, 0.25, 0.25), styles=(0.1, 0.5, 0.8, 0.2), kl=0.0):
    """The same for every pixel: tissues p, style means, Beta of alpha + beta = 20."""
    return StichNetOutput(
        torch.tensor(styles).view(1, 4, 1, 1).expand(SHAPE),
        torch.full(SHAPE, 20.0),
        torch.tensor(p).log().view(1, 4, 1, 1).expand(SHAPE),
        torch.tensor([kl]),
    )


def whole(code):
    return torch.full((1, 4, 4), int(code))


def grey(level):
    return torch.full((1, 1, 4, 4), level)


def beta(level, mean):
    density = torch.distributions.Beta(20 * mean, 20 * (1 - mean))
    return density.log_prob(torch.tensor(level))


def test_likelihoods_are_those_of_beta_distributions():
    found = grey_likelihoods(said(), grey(0.45))[0, :, 0, 0]
    known = torch.stack([beta(0.45, mean) for mean in (0.1, 0.5, 0.8, 0.2)])
    assert torch.allclose(found, known, atol=1e-4)


@pytest.mark.parametrize(
    ("code", "tissues"),
    [
        (Tissue.GGO, {1}),
        (Tissue.HEALTHY, {3}),
        (UNKNOWN_CLASS, {1, 2}),
        (NOT_INFECTED, {0, 3}),
        (UNLABELLED, {0, 1, 2, 3}),
    ],
)
def test_a_label_leaves_its_tissues_possible(code, tissues):
    allowed = allowed_tissues(whole(code))[0, :, 0, 0]
    assert set(allowed.nonzero().flatten().tolist()) == tissues


def test_the_bound_of_unlabelled_pixels_sums_over_all_tissues():
    output = said(kl=32.0)
    fits = torch.stack([beta(0.45, mean) for mean in (0.1, 0.5, 0.8, 0.2)])
    # 32 nats over 16 pixels; no focal term, and no lesion that Dice could miss.
    dice = sum(1 - 1 / (16 * p + 1) for p in (0.0, 0.0)) / 2
    fits = 0.2 * fits + torch.tensor(0.25).log()
    known = -fits.logsumexp(0) + 0.005 * 2.0 + 3 * dice
    value = bound(output, grey(0.45), whole(UNLABELLED))
    assert value.item() == pytest.approx(known.item(), rel=1e-4)


def test_the_bound_of_labelled_pixels_is_that_of_their_tissue():
    p = (0.1, 0.7, 0.1, 0.1)
    evidence = -(0.2 * beta(0.45, 0.5) + torch.tensor(0.7).log())
    focal = 2 * -(0.3**2) * torch.tensor(0.7).log()
    opacity = 1 - (2 * 0.7 * 16 + 1) / (16 + 0.7 * 16 + 1)
    consolidation = 1 - 1 / (0.1 * 16 + 1)
    known = evidence + focal + 3 * (opacity + consolidation) / 2
    value = bound(said(p), grey(0.45), whole(Tissue.GGO))
    assert value.item() == pytest.approx(known.item(), rel=1e-4)


def test_the_right_tissue_costs_less_than_a_wrong_one():
    right = bound(said((0.05, 0.85, 0.05, 0.05)), grey(0.5), whole(Tissue.GGO))
    wrong = bound(said((0.05, 0.05, 0.05, 0.85)), grey(0.5), whole(Tissue.GGO))
    assert right < wrong


@pytest.mark.parametrize("keep_apart", [True, False])
def test_a_few_steps_lower_the_loss_on_slices_of_any_label(keep_apart):
    torch.manual_seed(3)
    network = create_model(
        "stichnet",
        backbone="test_efficientnet.r160_in1k",
        widths=(4, 4, 6, 6, 8),
        decoder_width=4,
    )
    pixels = torch.rand(4, 1, 64, 64).expand(-1, 3, -1, -1) * 0.3
    labels = torch.full((4, 64, 64), int(Tissue.HEALTHY))
    labels[0, 20:40, 20:40] = int(Tissue.GGO)
    labels[1] = UNLABELLED
    pixels = pixels.clone()
    pixels[0, :, 20:40, 20:40] += 0.5
    loss = stitching_objective(network, network, keep_apart=keep_apart)
    adam = torch.optim.Adam(network.parameters(), 1e-2)
    values = []
    for _ in range(12):
        value = loss(pixels, labels)
        adam.zero_grad()
        value.backward()
        adam.step()
        values.append(value.item())
    assert sum(values[-3:]) < 0.7 * sum(values[:3])


def test_transplants_teach_what_lies_under_a_lesion():
    """Gradients reach the healthy style where a foreign lesion was put."""
    torch.manual_seed(0)
    network = create_model(
        "stichnet",
        backbone="test_efficientnet.r160_in1k",
        widths=(4, 4, 6, 6, 8),
        decoder_width=4,
    )
    shown = []

    def run(pixels):
        shown.append(pixels)
        return network(pixels)

    pixels = torch.full((2, 3, 64, 64), 0.2)
    labels = torch.full((2, 64, 64), int(Tissue.HEALTHY))
    pixels[:, :, :8], labels[:, :8] = 0.8, int(Tissue.OUTSIDE)
    pixels[0, :, 20:40, 20:40] = 0.8
    labels[0, 20:40, 20:40] = int(Tissue.GGO)
    loss = stitching_objective(network, run)
    for seed in range(8):
        torch.manual_seed(seed)
        loss(pixels, labels)
    foreign = [seen[1, 0, 30, 30] > 0.4 for seen in shown]
    assert any(foreign)
    assert not all(foreign)


def half(code, rest=Tissue.HEALTHY):
    labels = whole(rest)
    labels[:, :2] = int(code)
    return labels


def test_a_style_that_copies_the_other_tissue_misfits():
    pixels = grey(0.2)
    pixels[:, :, :2] = 0.6
    # Opacity is drawn as 0.5 in healthy lung and is 0.6, healthy lung as it is.
    misfit = misfit_of_levels(said(), pixels, half(Tissue.GGO))
    assert misfit.item() == pytest.approx(0.1**2, rel=1e-4)
    copied = misfit_of_levels(
        said(styles=(0.1, 0.5, 0.8, 0.6)), pixels, half(Tissue.GGO)
    )
    assert copied.item() == pytest.approx(0.1**2 + 0.4**2, rel=1e-4)


def test_an_infection_of_unknown_class_shows_what_healthy_lung_must_not_copy():
    pixels = grey(0.3)
    pixels[:, :, :2] = 0.9
    misfit = misfit_of_levels(said(), pixels, half(UNKNOWN_CLASS))
    assert misfit.item() == pytest.approx(0.1**2, rel=1e-4)


def test_levels_are_those_of_each_slice_as_windows_differ():
    """Twice the same lesion and lung, the second in a darker window: both are met."""
    styles = torch.tensor([[0.1, 0.6, 0.8, 0.2], [0.1, 0.4, 0.8, 0.1]])
    output = said()._replace(styles=styles[:, :, None, None].expand(2, 4, 4, 4))
    pixels = torch.cat((grey(0.2), grey(0.1)))
    pixels[0, :, :2], pixels[1, :, :2] = 0.6, 0.4
    labels = torch.cat((half(Tissue.GGO), half(Tissue.GGO)))
    assert misfit_of_levels(output, pixels, labels).item() == pytest.approx(0, abs=1e-9)
    swapped = misfit_of_levels(output, pixels.flip(0), labels).item()
    assert swapped == pytest.approx(0.2**2 + 0.1**2, rel=1e-4)


@pytest.mark.parametrize(
    "labels", [whole(Tissue.GGO), whole(UNLABELLED), half(Tissue.OUTSIDE, UNLABELLED)]
)
def test_levels_say_nothing_without_two_tissues_of_the_lung(labels):
    assert misfit_of_levels(said(), grey(0.9), labels).item() == 0

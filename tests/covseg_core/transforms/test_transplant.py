from __future__ import annotations

import pytest
import torch

from covseg_core.labels import NOT_INFECTED, UNKNOWN_CLASS, UNLABELLED, Tissue
from covseg_core.transforms.transplant import graft, is_lesion, transplant

LESION = slice(8, 16)


def pair(there):
    """A slice with a bright square of opacity, and one labelled `there` all over."""
    grey = torch.full((2, 1, 24, 24), 0.2)
    labels = torch.full((2, 24, 24), int(there))
    labels[0] = int(Tissue.OUTSIDE)
    grey[0, :, LESION, LESION] = 0.7
    labels[0, LESION, LESION] = int(Tissue.GGO)
    return grey, labels


def swapped(grey, labels):
    """Transplant until the two have swapped, as the donor is drawn."""
    for seed in range(20):
        torch.manual_seed(seed)
        new = transplant(grey, labels)
        if new.placed[1].any() or new.placed[0].any():
            return new
    return new


@pytest.mark.parametrize("there", [Tissue.HEALTHY, UNLABELLED, NOT_INFECTED])
def test_a_lesion_is_put_into_lung_with_its_label(there):
    grey, labels = pair(there)
    new = swapped(grey, labels)
    placed = torch.zeros(24, 24, dtype=torch.bool)
    placed[LESION, LESION] = True
    assert torch.equal(new.placed[1], placed)
    assert (new.labels[1][placed] == Tissue.GGO).all()
    assert (new.labels[1][~placed] == int(there)).all()
    middle = new.grey[1, 0, 11:13, 11:13]
    assert ((middle >= 0.2 + 0.6 * 0.5 - 1e-6) & (middle <= 0.7 + 1e-6)).all()
    assert torch.equal(new.grey[1, 0][~placed], grey[1, 0][~placed])


def test_a_lesion_is_not_put_outside_of_the_lung():
    grey, labels = pair(Tissue.OUTSIDE)
    assert not swapped(grey, labels).placed.any()


def test_a_lesion_is_not_put_where_nobody_said_and_tissue_is_soft():
    grey, labels = pair(UNLABELLED)
    grey[1] = 0.8
    assert not swapped(grey, labels).placed.any()


def test_brighter_spots_stay_as_they_are():
    grey, labels = pair(Tissue.HEALTHY)
    grey[1, 0, 12, 12] = 0.95
    assert swapped(grey, labels).grey[1, 0, 12, 12] == pytest.approx(0.95)


def test_lesions_of_any_class_are_lesions_and_nothing_else_is():
    codes = torch.tensor([0, 1, 2, 3, NOT_INFECTED, UNLABELLED, UNKNOWN_CLASS])
    assert is_lesion(codes).tolist() == [False, True, True, *[False] * 3, True]


def test_where_only_lesions_are_labelled_they_are_put_into_dark_lung():
    grey, labels = pair(0)
    labels[0, :, :4], grey[1, :, :12] = UNKNOWN_CLASS, 0.8
    rng = torch.Generator().manual_seed(1)
    for _ in range(20):
        mixed, new = graft(grey, labels, 1.0, rng)
        assert set(new.unique().tolist()) <= {0, int(Tissue.GGO), UNKNOWN_CLASS}
        if (new[1] > 0).any():
            break
    placed = new[1] == Tissue.GGO
    # the lower half of the square: above, the slice is as bright as soft tissue
    assert placed[14:16, LESION].all()
    assert not placed[:11].any()
    assert (mixed[1, 0][placed] > grey[1, 0][placed]).all()


@pytest.mark.parametrize("tissues", [True, False])
def test_where_outside_is_known_no_lesion_is_put_there(tissues):
    grey, labels = pair(Tissue.OUTSIDE)
    labels[1, 12:, LESION] = int(Tissue.HEALTHY)
    many_grey, many = grey.repeat(20, 1, 1, 1), labels.repeat(20, 1, 1)
    rng = torch.Generator().manual_seed(3)
    _, new = graft(many_grey, many, 1.0, rng, tissues=tissues)
    outside = many == Tissue.OUTSIDE
    assert (new[many == Tissue.HEALTHY] == Tissue.GGO).any()
    assert (new[outside] == Tissue.GGO).any() == (not tissues)


def test_as_many_slices_get_lesions_as_the_chance_says():
    grey, labels = pair(0)
    many_grey, many = grey.repeat(100, 1, 1, 1), labels.repeat(100, 1, 1)
    rng = torch.Generator().manual_seed(3)
    _, new = graft(many_grey, many, 0.4, rng)
    bare = (many == 0).flatten(1).all(dim=1)
    # half of the donors have a lesion to give
    share = (new[bare] > 0).flatten(1).any(dim=1).float().mean().item()
    assert share == pytest.approx(0.4 * 0.5, abs=0.1)
    same_grey, same = graft(many_grey, many, 0.0, rng)
    assert torch.equal(same, many)
    assert torch.equal(same_grey, many_grey)


def test_a_lesion_comes_in_the_window_of_the_slice_that_takes_it():
    """The same chest twice, once in half the contrast."""
    wide = torch.linspace(0.2, 0.9, 32 * 32).view(1, 1, 32, 32)
    labels = torch.full((1, 32, 32), int(Tissue.HEALTHY))
    lesion = (0, slice(4, 12), slice(4, 12))
    grey = torch.cat((wide, 0.1 + wide / 2))
    labels = torch.cat((labels, labels))
    labels[lesion] = int(Tissue.GGO)
    grey[0, 0, 4:12, 4:12] = 0.6
    for seed in range(20):
        torch.manual_seed(seed)
        new = transplant(grey, labels, alike=True)
        if new.placed[1].any():
            break
    middle = new.grey[1, 0, 7:9, 7:9] - grey[1, 0, 7:9, 7:9]
    # From its own grey all or part of the way to the lesion's in half the contrast.
    whole = 0.1 + 0.6 / 2 - grey[1, 0, 7:9, 7:9]
    assert (middle <= whole + 0.01).all()
    assert (middle >= 0.6 * whole - 0.01).all()


def test_a_slice_of_one_grey_takes_a_lesion_without_nan():
    grey, labels = pair(Tissue.HEALTHY)
    grey[1] = 0.2
    for seed in range(5):
        torch.manual_seed(seed)
        assert torch.isfinite(transplant(grey, labels, alike=True).grey).all()

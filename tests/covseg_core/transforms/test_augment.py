from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from covseg_core.labels import UNKNOWN_CLASS, Lung
from covseg_core.transforms.augment import augment_slices
from covseg_core.transforms.augment_config import Augment

STILL = Augment(
    flip=0,
    turn=0,
    zoom=0,
    shift=0,
    contrast=0,
    brightness=0,
    gamma=0,
    noise=0,
    blur=0,
    cutout=0,
)
MOVING = Augment(contrast=0, brightness=0, gamma=0, noise=0, blur=0, cutout=0)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(n=6, size=64):
    """A bright ellipse of class 1 with a spot of unknown class, on grey."""
    rows, columns = torch.meshgrid(
        torch.arange(size), torch.arange(size), indexing="ij"
    )
    labels = torch.zeros(n, size, size, dtype=torch.int64)
    labels[:, ((rows - 28) / 10) ** 2 + ((columns - 38) / 7) ** 2 < 1] = 1
    labels[:, 24:30, 34:40] = UNKNOWN_CLASS
    pixels = torch.where(labels > 0, 0.9, 0.3)[:, None]
    return pixels, labels


def test_without_strength_nothing_changes():
    pixels, labels = batch()
    same_pixels, same_labels = augment_slices(pixels, labels, STILL, rng())
    torch.testing.assert_close(same_pixels, pixels, rtol=0, atol=1e-4)
    assert torch.equal(same_labels, labels)


@pytest.mark.parametrize("seed", range(4))
def test_bright_labels_stay_under_their_bright_pixels(seed):
    pixels, labels = batch()
    moved, marks = augment_slices(pixels, labels, MOVING, rng(seed))
    bright = moved[:, 0] > 0.6
    agree = (bright == (marks > 0)).float().mean((1, 2))
    assert (agree > 0.98).all()
    assert all((marks[i] > 0).any() for i in range(len(marks)))
    assert not torch.equal(marks, labels)


def test_labels_keep_only_their_values_the_unknown_class_among_them():
    pixels, labels = batch(n=32)
    _, moved = augment_slices(pixels, labels, Augment(), rng())
    assert moved.dtype == torch.int64
    assert set(moved.unique().tolist()) == {0, 1, UNKNOWN_CLASS}


def test_a_certain_flip_is_the_mirror_image_of_pixels_and_labels():
    pixels, labels = batch()
    flip = STILL.model_copy(update={"flip": 1.0})
    mirrored, marks = augment_slices(pixels, labels, flip, rng())
    torch.testing.assert_close(mirrored, pixels.flip(-1), rtol=0, atol=1e-4)
    assert torch.equal(marks, labels.flip(-1))


def test_half_of_many_slices_are_flipped_by_an_even_chance():
    pixels, labels = batch(n=400, size=32)
    pixels[..., :16] = 0
    pixels[..., 16:] = 1
    flip = STILL.model_copy(update={"flip": 0.5})
    moved, _ = augment_slices(pixels, labels, flip, rng())
    flipped = (moved[:, 0, 5, 3] > 0.5).float().mean()
    assert 0.4 < flipped < 0.6


def test_grey_changes_leave_labels_alone_and_pixels_in_the_unit_interval():
    pixels, labels = batch()
    grey = Augment(flip=0, turn=0, zoom=0, shift=0, noise=1, contrast=0.9, cutout=1)
    changed, marks = augment_slices(pixels, labels, grey, rng())
    assert torch.equal(marks, labels)
    assert changed.shape == pixels.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert changed.isfinite().all()
    assert not torch.allclose(changed, pixels, atol=0.05)


def test_a_cut_out_is_one_grey_rectangle():
    pixels = torch.full((8, 1, 48, 60), 0.5)
    labels = torch.zeros(8, 48, 60, dtype=torch.int64)
    cut = STILL.model_copy(update={"cutout": 1.0})
    changed, _ = augment_slices(pixels, labels, cut, rng())
    for plane in changed[:, 0]:
        hit = (plane - 0.5).abs() > 1e-3
        rows, columns = hit.any(1), hit.any(0)
        assert 0 < hit.sum() == rows.sum() * columns.sum()
        assert plane[hit].unique().numel() == 1


def test_each_slice_changes_in_its_own_way_and_a_seed_repeats_it():
    pixels, labels = batch()
    first = augment_slices(pixels, labels, Augment(), rng(7))
    again = augment_slices(pixels, labels, Augment(), rng(7))
    other = augment_slices(pixels, labels, Augment(), rng(8))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0][0], first[0][1])


def test_the_input_stays_what_it_was():
    pixels, labels = batch()
    before = pixels.clone(), labels.clone()
    augment_slices(pixels, labels, Augment(cutout=1), rng())
    assert torch.equal(pixels, before[0])
    assert torch.equal(labels, before[1])


def test_strengths_out_of_bounds_are_refused():
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Augment(flip=1.5)


ONLY = {name: 0.0 for name in Augment.model_fields if name != "cutout_share"}


def test_a_front_back_flip_turns_slice_and_labels_upside_down():
    pixels, labels = batch(n=2)
    augment = Augment(**(ONLY | {"upside_down": 1.0}))
    turned, marks = augment_slices(pixels, labels, augment, rng())
    torch.testing.assert_close(turned, pixels.flip(2), rtol=0, atol=1e-4)
    assert torch.equal(marks, labels.flip(1))


def test_a_crop_shows_four_fifths_of_the_slice_at_full_size():
    """On a ramp the grey tells which columns are seen."""
    ramp = torch.linspace(0, 1, 100).expand(64, 1, 100, 100)
    labels = torch.zeros(64, 100, 100, dtype=torch.int64)
    augment = Augment(**(ONLY | {"crop": 1.0}))
    seen, _ = augment_slices(ramp, labels, augment, rng())
    left, right = seen[:, 0, 50, 0], seen[:, 0, 50, -1]
    torch.testing.assert_close(right - left, torch.full((64,), 0.8), rtol=0, atol=0.02)
    assert left.min() < 0.02
    assert left.max() > 0.18
    assert (left >= -1e-3).all()
    assert (right <= 1 + 1e-3).all()


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.5, 0.9])
def test_cutout_covers_its_share_with_one_grey_and_leaves_the_labels(share):
    pixels, labels = batch(n=16, size=128)
    pixels = torch.full_like(pixels, 0.3)
    augment = Augment(**(ONLY | {"cutout": 1.0, "cutout_share": share}))
    cut, marks = augment_slices(pixels.clone(), labels, augment, rng(2))
    gone = (cut - 0.3).abs() > 1e-4
    covered = gone.float().mean((1, 2, 3))
    torch.testing.assert_close(covered, torch.full((16,), share), rtol=0.06, atol=0.003)
    for i in range(16):
        assert cut[i][gone[i]].std() < 1e-6
    assert torch.equal(marks, labels)


def right_and_left():
    labels = torch.zeros(6, 32, 32, dtype=torch.int64)
    labels[:, 8:24, 3:13] = Lung.RIGHT
    labels[:, 8:24, 19:29] = Lung.LEFT
    return torch.where(labels == Lung.RIGHT, 0.9, 0.3)[:, None], labels


def test_in_a_mirror_the_lungs_change_sides():
    """The right lung is the one at the left edge, whichever was there before."""
    pixels, labels = right_and_left()
    mirrored = STILL.model_copy(update={"flip": 1.0})
    grey, same = augment_slices(pixels, labels, mirrored, rng(), sided=True)
    assert torch.equal(same, labels)
    assert (grey[:, 0][same == Lung.LEFT] > 0.8).all()
    _, swapped = augment_slices(pixels, labels, mirrored, rng())
    assert torch.equal(swapped, labels.flip(-1))


def test_upside_down_the_lungs_keep_their_sides():
    pixels, labels = right_and_left()
    turned = STILL.model_copy(update={"upside_down": 1.0})
    _, same = augment_slices(pixels, labels, turned, rng(), sided=True)
    assert torch.equal(same, labels.flip(1))


def test_coarse_pixels_lose_detail_and_keep_their_mean():
    pixels = torch.rand(4, 1, 48, 48, generator=rng(3))
    labels = torch.zeros(4, 48, 48, dtype=torch.int64)
    coarse = STILL.model_copy(update={"coarse": 1.0})
    grey, _ = augment_slices(pixels, labels, coarse, rng())
    assert (grey.std(dim=(2, 3)) < 0.9 * pixels.std(dim=(2, 3))).all()
    torch.testing.assert_close(
        grey.mean(dim=(2, 3)), pixels.mean(dim=(2, 3)), rtol=0, atol=0.02
    )

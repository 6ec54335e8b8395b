from __future__ import annotations

import numpy as np
import pytest
import torch

from covseg_core.inference.looks import Look, make_looks


def disc(row, column, size=96, radius=9.0):
    """A smooth bright disc on black, (1, 1, size, size)."""
    rows, columns = torch.meshgrid(
        torch.arange(size), torch.arange(size), indexing="ij"
    )
    distance = ((rows - row) ** 2 + (columns - column) ** 2).sqrt()
    return (radius - distance).clamp(0, 4)[None, None] / 4


def centre(pixels):
    weight = pixels[0, 0] / pixels.sum()
    return [
        float((weight.sum(dim=1 - axis) * torch.arange(96)).sum()) for axis in (0, 1)
    ]


def test_the_plain_look_changes_nothing():
    pixels = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(Look().show(pixels), pixels)
    torch.testing.assert_close(Look().undo(pixels), pixels, rtol=0, atol=0)


def test_a_mirrored_look_is_undone_exactly():
    answer = torch.rand(2, 3, 32, 32)
    look = Look(mirrored=True)
    torch.testing.assert_close(look.show(answer[:, :1]), answer[:, :1].flip(-1))
    torch.testing.assert_close(look.undo(answer.flip(-1)), answer, rtol=0, atol=0)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [-7.0, 5.0])
def test_a_turned_disc_comes_back_to_where_it_was(degrees, mirrored):
    pixels, look = disc(30, 60), Look(mirrored, degrees)
    shown = look.show(pixels)
    assert np.abs(np.subtract(centre(shown), (30, 60))).max() > 1
    np.testing.assert_allclose(centre(look.undo(shown)), (30, 60), atol=0.02)
    torch.testing.assert_close(look.undo(shown), pixels, rtol=0, atol=0.15)


def test_what_a_turn_moved_out_of_the_picture_is_zero():
    back = Look(degrees=7).undo(torch.ones(1, 1, 64, 64))[0, 0]
    assert back[0, 0] == 0
    assert back[16:48, 16:48].min() == pytest.approx(1)


def test_contrast_turns_about_middle_grey_and_grey_stays_in_range():
    grey = torch.tensor([0.0, 0.3, 0.5, 0.9]).view(1, 1, 2, 2)
    shown = Look(contrast=1.5, brightness=0.1).show(grey)
    expected = torch.tensor([0.0, 0.3, 0.6, 1.0]).view(1, 1, 2, 2)
    torch.testing.assert_close(shown, expected)


def test_looks_begin_with_the_plain_one_and_follow_from_the_seed():
    looks = make_looks(8, seed=3)
    assert len(looks) == 8
    assert looks[0] == Look()
    assert looks == make_looks(8, seed=3)
    assert looks[:4] == make_looks(4, seed=3)
    assert looks[1:] != make_looks(8, seed=4)[1:]
    assert sum(look.mirrored for look in looks) == 4
    assert 0 < max(abs(look.degrees) for look in looks) <= 7

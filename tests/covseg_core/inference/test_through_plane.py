from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from covseg_core.inference.batches import chunks_of
from covseg_core.inference.through_plane import (
    average_through_plane,
    reach_of,
    widened,
    within,
)

FIRST = 7


@pytest.fixture
def answer():
    return np.random.default_rng(2).random((23, 2, 3, 4), dtype=np.float32)


def in_chunks(answer, size):
    whole = slice(FIRST, FIRST + len(answer))
    for chunk in chunks_of(whole, size):
        yield chunk, answer[chunk.start - FIRST : chunk.stop - FIRST]


def averaged(answer, sigma, size):
    told = list(average_through_plane(in_chunks(answer, size), sigma))
    starts = [chunk.start for chunk, _ in told]
    assert starts == [FIRST, *(chunk.stop for chunk, _ in told[:-1])]
    # Whoever follows hears of every batch.
    assert len(told) >= -(-len(answer) // size)
    assert all(chunk.stop - chunk.start == len(part) for chunk, part in told)
    assert told[-1][0].stop == FIRST + len(answer)
    return np.concatenate([part for _, part in told])


@pytest.mark.parametrize("size", [1, 4, 23, 50])
@pytest.mark.parametrize("sigma", [0.5, 1.3, 4.0, 20.0])
def test_slices_are_weighed_by_a_gaussian_however_they_come(answer, sigma, size):
    # A filter that pads with zeros, over what it makes of ones, is the same mean.
    how = {"axis": 0, "mode": "constant", "radius": reach_of(sigma)}
    weights = gaussian_filter1d(np.ones_like(answer), sigma, **how)
    expected = gaussian_filter1d(answer, sigma, **how) / weights
    np.testing.assert_allclose(averaged(answer, sigma, size), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.0, 0.49])
def test_without_neighbours_in_reach_answers_stay_as_they_are(answer, sigma):
    np.testing.assert_array_equal(averaged(answer, sigma, 4), answer)


def test_slices_are_told_as_soon_as_their_neighbours_are_known(answer):
    told = average_through_plane(in_chunks(answer, 4), 1.0)
    # Two slices above have a say, so the last two that came have to wait.
    assert [next(told)[0] for _ in range(2)] == [slice(7, 9), slice(9, 13)]
    slow = average_through_plane(in_chunks(answer, 4), 3.0)
    assert [next(slow)[0] for _ in range(2)] == [slice(7, 7), slice(7, 9)]


def test_no_slices_give_no_answers():
    assert list(average_through_plane(iter(()), 2.0)) == []


def test_neighbours_are_added_inside_the_scan_only():
    whole = slice(3, 20)
    assert widened(slice(5, 6), 4, whole) == slice(3, 10)
    assert widened(slice(18, 20), 4, whole) == slice(14, 20)
    assert widened(slice(9, 9), 4, whole) == slice(9, 9)


def test_answers_about_other_slices_are_left_out(answer):
    kept = list(within(slice(14, 21), in_chunks(answer, 5)))
    assert [chunk for chunk, _ in kept] == [
        slice(14, 14),
        slice(14, 17),
        slice(17, 21),
        slice(21, 21),
        slice(21, 21),
    ]
    np.testing.assert_array_equal(np.concatenate([a for _, a in kept]), answer[7:14])

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.severity.parts import count_parts
from covseg_core.volume import Grid, LungMask


def counts(grid, infected=()):
    """A right lung that fills all but one voxel around the grid."""
    sides = np.zeros(grid.shape, np.uint8)
    sides[1:-1, 1:-1, 1:-1] = 1
    mask = np.zeros(grid.shape, bool)
    for place in infected:
        mask[place] = True
    return count_parts(sides, np.zeros(grid.shape, bool), mask, grid)


def test_thirds_and_halves_of_a_box_are_exact():
    grid = Grid.from_spacing((11, 6, 5), (2.0, 1.0, 1.0))
    found = counts(grid)
    assert found.shape == (2, 3, 2, 2, 2)
    # 9 slices of 4 x 3 voxels.
    assert found[0, :, :, 0, 0].tolist() == [[18, 18], [18, 18], [18, 18]]
    assert found.sum() == 9 * 12
    assert found[1].sum() == 0


def test_infected_voxels_are_counted_where_they_lie():
    grid = Grid.from_spacing((11, 6, 5), (2.0, 1.0, 1.0))
    found = counts(grid, [(9, 1, 2), (1, 4, 2), (1, 4, 3)])
    assert found[0, 2, 0, 0, 1] == 1
    assert found[0, 0, 1, 0, 1] == 2
    assert found[..., 1].sum() == 3


def test_slices_do_not_split_into_three_alike():
    grid = Grid.from_spacing((12, 6, 5), (2.0, 1.0, 1.0))
    by_third = counts(grid).sum(axis=(0, 2, 3, 4)) / 12
    assert by_third == pytest.approx([3, 4, 3])


def test_height_is_that_of_the_patient_on_a_tilted_grid():
    # Rows climb as they go back: half of the height comes from the row.
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[2, 1] = 2.0
    grid = Grid((6, 6, 5), affine)
    by_third = counts(grid).sum(axis=(0, 3, 4))
    # Heights of voxels are 2 (z + y) with z and y in 1-4, from 2 to 18 with the
    # voxels themselves; the cuts at 7.33 and 12.67 mm leave sums 2-3, 4-6 and 7-8.
    rows = by_third[:3].sum(axis=1) / 3
    assert rows == pytest.approx([3, 10, 3])


def test_the_middle_is_posterior_wherever_the_scan_lies(stored):
    rng = np.random.default_rng(0)
    for _ in range(50):
        spacing = (2.0, *np.round(rng.uniform(0.5, 1, 2), 4))
        grid = Grid.from_spacing(
            (6, 13, 6), spacing, np.round(rng.uniform(-300, 0, 3), 3)
        )
        sides = np.zeros(grid.shape, np.uint8)
        sides[1:-1, 1:-1, 1:-1] = 1
        for axes in ((0, 0, 0), (0, 1, 0)):
            lungs = stored(LungMask(sides, grid), (0, 1, 2), axes)
            middle = np.zeros(grid.shape, bool)
            middle[2, 6, 3] = True
            rim = np.zeros(grid.shape, bool)
            found = count_parts(lungs.labels, rim, middle, lungs.grid)
            assert found[0, :, :, 0, 1].sum(axis=0).tolist() == [0, 1]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.severity.regions import lungs_from_lobes
from covseg_core.severity.report import measure_report
from covseg_core.volume import CTVolume, Grid, LesionMask, LobeMask, LungMask


def remarks(ct, lesions, lungs, lobes=None):
    return "\n".join(measure_report(ct, lesions, lungs, lobes=lobes).remarks)


def test_masks_that_fit_leave_one_remark(blocks):
    assert remarks(blocks.ct, blocks.lesions, blocks.lungs) == (
        "A region with a single infected voxel counts as affected."
    )


@pytest.mark.parametrize(("share", "is_told"), [(0.05, False), (0.06, True)])
def test_infection_outside_the_lungs_is_told_from_a_twentieth_on(share, is_told):
    grid = Grid.from_spacing((4, 20, 20), (10, 10, 10))
    lungs = np.zeros(grid.shape, np.uint8)
    lungs[:, 5:15, :10], lungs[:, 5:15, 10:] = 1, 2
    lesions = np.zeros(grid.shape, np.uint8)
    beside = round(100 * share)
    lesions[0, 5:15, :10] = 1
    lesions[0, 5, :beside] = 0
    lesions[0, 4, :beside] = 1
    ct = CTVolume(np.full(grid.shape, -800, np.float32), grid)
    told = remarks(ct, LesionMask(lesions, grid), LungMask(lungs, grid))
    said = f"{beside}.0 ml of the infection lie outside the lung mask"
    assert (said in told) == is_told


def test_infection_outside_the_lobes_is_told_once(blocks):
    # Upper lobes in the place of both lungs, without the slices of the infection.
    labels = np.array([0, 3, 1], np.uint8)[blocks.lungs.labels]
    whole = LobeMask(labels, blocks.grid)
    assert "lobe" not in remarks(blocks.ct, blocks.lesions, blocks.lungs, whole)
    missing = replace(whole, labels=np.where(blocks.lesions.labels, 0, labels))
    told = remarks(blocks.ct, blocks.lesions, blocks.lungs, missing)
    assert "70.0 ml of the infection lie outside the lobe mask" in told
    joined = lungs_from_lobes(missing)
    told = remarks(blocks.ct, blocks.lesions, joined, missing)
    assert "outside the lung mask" in told
    assert "outside the lobe mask" not in told


@pytest.mark.parametrize(("slices", "is_told"), [(1, False), (2, True)])
def test_masks_in_padding_are_told_from_a_twentieth_on(slices, is_told):
    grid = Grid.from_spacing((20, 10, 10), (10, 10, 10))
    lungs = np.ones(grid.shape, np.uint8)
    lungs[:, :, 5:] = 2
    padding = np.zeros(grid.shape, np.bool_)
    padding[:slices] = True
    ct = CTVolume(np.full(grid.shape, -800, np.float32), grid, padding=padding)
    lesions = LesionMask(np.ones(grid.shape, np.uint8), grid)
    told = remarks(ct, lesions, LungMask(lungs, grid))
    for name in ("lung", "infection"):
        said = f"{100 * slices}.0 ml of the {name} mask are padding"
        assert (said in told) == is_told


@pytest.mark.parametrize(
    ("slices", "said"),
    [
        (1, "The lungs are on one slice only: thirds and fifths of their height"),
        (2, "The lungs are on 2 slices only: thirds and fifths of their height"),
        (4, "The lungs are on 4 slices only: fifths of their height"),
        (5, None),
    ],
)
def test_lungs_on_few_slices_have_no_thirds_or_fifths(blocks, stored, slices, said):
    labels = np.zeros_like(blocks.lungs.labels)
    labels[8 : 8 + slices] = blocks.lungs.labels[8 : 8 + slices]
    volumes = (
        blocks.ct,
        replace(blocks.lesions, labels=labels * 0),
        replace(blocks.lungs, labels=labels),
    )
    turned = [stored(one, (2, 0, 1), (0, 1, 1)) for one in volumes]
    for ct, lesions, lungs in (volumes, turned):
        told = remarks(ct, lesions, lungs)
        assert (said or "A region with a single infected voxel") in told
        assert ("only: " in told) == (said is not None)

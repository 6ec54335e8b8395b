"""An array follows its voxels into another order, and goes nowhere else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from covseg_core.errors import GeometryError
from covseg_core.io.same_voxels import in_order_of, turned_onto
from covseg_core.volume import Grid, LesionMask

AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])
SHAPE = (3, 4, 5)


@pytest.fixture
def oblique() -> LesionMask:
    affine = np.eye(4)
    affine[:3, :3] = AXES * (0.7, 0.8, 2.0)
    affine[:3, 3] = 11.5, -20.25, 30.0
    labels = np.arange(60, dtype=np.uint8).reshape(SHAPE)
    return LesionMask(labels, Grid(SHAPE, affine))


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
@pytest.mark.parametrize("flips", [*itertools.product((False, True), repeat=3)])
def test_every_order_of_voxels_leads_to_every_other(oblique, stored, order, flips):
    other = stored(oblique, order, flips)
    there = in_order_of(other.grid, oblique.labels, oblique.grid)
    back = in_order_of(oblique.grid, other.labels, other.grid)
    assert np.array_equal(there, other.labels)
    assert np.array_equal(back, oblique.labels)


def test_no_voxel_is_copied(oblique, stored):
    other = stored(oblique, (2, 0, 1), (True, False, True))
    turned = in_order_of(other.grid, oblique.labels, oblique.grid)
    assert np.shares_memory(turned, oblique.labels)


@pytest.mark.parametrize(
    ("rounded_mm", "notes"),
    [
        (0.6836, ()),
        (0.684, ("voxels of the mask lie up to 0.29 mm from those of the scan",)),
    ],
)
def test_a_spacing_rounded_otherwise_is_the_same_grid(rounded_mm, notes):
    shape = (2, 512, 512)
    scan = Grid.from_spacing(shape, (2, 0.683594, 0.683594))
    rounded = Grid.from_spacing(shape, (2, rounded_mm, rounded_mm))
    turned = turned_onto(LesionMask(np.ones(shape, np.uint8), rounded), scan)
    assert turned.grid is scan
    assert turned.source.notes == notes


def test_a_mask_is_turned_with_its_labels(oblique, stored):
    other = stored(oblique, (1, 2, 0), (True, True, False))
    turned = turned_onto(other, oblique.grid)
    assert turned.labels.flags.c_contiguous
    assert np.array_equal(turned.labels, oblique.labels)
    assert turned.grid is oblique.grid


@pytest.mark.parametrize(
    "change",
    [
        np.diag([2.0, 1.0, 1.0, 1.0]),
        np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
        np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
    ],
    ids=["coarser", "shifted", "sheared"],
)
def test_other_voxels_are_refused(oblique, change):
    other = Grid(SHAPE, oblique.grid.affine_lps @ change)
    with pytest.raises(GeometryError, match="does not lie on the voxels of the scan"):
        in_order_of(other, oblique.labels, oblique.grid)


def test_how_far_a_mask_was_shifted_is_told_in_any_order_of_voxels(oblique, stored):
    shift = np.eye(4)
    shift[:3, 3] = 3, 0, 4
    scan = Grid(oblique.grid.shape, shift @ oblique.grid.affine_lps)
    for mask in (oblique, stored(oblique, (2, 0, 1), (True, False, True))):
        with pytest.raises(GeometryError, match=r"mm: .* up to 5\.00 mm apart"):
            in_order_of(scan, mask.labels, mask.grid)


def test_a_part_of_the_scan_is_refused(oblique):
    part = Grid((3, 4, 4), oblique.grid.affine_lps)
    with pytest.raises(GeometryError, match=r"\(3, 4, 5\).*\(3, 4, 4\)"):
        in_order_of(part, oblique.labels, oblique.grid)

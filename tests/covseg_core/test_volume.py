from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import GeometryError
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.volume import CTVolume, Grid, LabelVolume, LesionMask, LungMask

SHAPE = (2, 3, 4)


@pytest.fixture
def grid():
    """Slices 5 mm apart, rows 2 mm, columns 1 mm; a voxel of 0.01 ml."""
    return Grid.from_spacing(SHAPE, (5, 2, 1), origin_lps_mm=(10, 20, 30))


def affine(*, columns, origin=(0, 0, 0)):
    made = np.eye(4)
    made[:3, :3] = np.transpose(columns)
    made[:3, 3] = origin
    return made


# Grid


def test_spacing_is_in_array_order(grid):
    assert grid.spacing_mm_zyx == (5, 2, 1)
    assert grid.origin_lps_mm == (10, 20, 30)


def test_a_voxel_has_the_volume_of_its_edges(grid):
    assert grid.voxel_ml == pytest.approx(0.01)


def test_a_flipped_and_turned_voxel_has_a_positive_volume():
    turned = Grid(SHAPE, affine(columns=[(0, -2, 0), (3, 0, 0), (0, 0, -4)]))
    assert turned.voxel_ml == pytest.approx(0.024)
    assert turned.spacing_mm_zyx == (4, 3, 2)


def test_a_sheared_voxel_is_smaller_than_its_edges():
    sheared = Grid(SHAPE, affine(columns=[(1, 0, 0), (0, 1, 0), (0, 3, 4)]))
    assert sheared.voxel_ml == pytest.approx(0.004)
    assert sheared.spacing_mm_zyx == (5, 1, 1)


def test_the_world_of_a_voxel_follows_its_indices(grid):
    np.testing.assert_allclose(grid.world_mm((0, 0, 0)), (10, 20, 30))
    np.testing.assert_allclose(grid.world_mm((1, 2, 3)), (13, 24, 35))


def test_many_voxels_are_mapped_at_once(grid):
    positions = grid.world_mm([[(0, 0, 0), (1, 0, 0)], [(0, 1, 0), (0, 0, 1)]])
    assert positions.shape == (2, 2, 3)
    np.testing.assert_allclose(positions[0, 1], (10, 20, 35))
    np.testing.assert_allclose(positions[1], [(10, 22, 30), (11, 20, 30)])


def test_directions_are_unit_vectors():
    oblique = Grid(SHAPE, affine(columns=[(3, 4, 0), (-4, 3, 0), (0, 0, 2)]))
    np.testing.assert_allclose(
        oblique.direction_lps, [(0.6, -0.8, 0), (0.8, 0.6, 0), (0, 0, 1)]
    )
    assert not oblique.is_sheared


@pytest.mark.parametrize(
    ("degrees", "sheared"), [(0.05, False), (0.07, True), (15, True)]
)
def test_a_tilt_above_six_hundredths_of_a_degree_is_shear(degrees, sheared):
    tilt = np.deg2rad(degrees)
    tilted = affine(columns=[(1, 0, 0), (0, 1, 0), (0, np.sin(tilt), np.cos(tilt))])
    assert Grid(SHAPE, tilted).is_sheared is sheared


@pytest.mark.parametrize("axis", range(3))
def test_grids_match_if_they_lie_less_than_half_the_smallest_edge_apart(grid, axis):
    moved = grid.affine_lps.copy()
    moved[axis, 3] += 0.48
    assert grid.matches(Grid(SHAPE, moved))
    moved[axis, 3] += 0.02
    assert not grid.matches(Grid(SHAPE, moved))


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("wider_mm", "matches"), [(0.0012, True), (0.0014, False)])
def test_what_a_wrong_spacing_adds_up_to_counts(axis, wider_mm, matches):
    shape = (256, 256, 256)
    grid = Grid.from_spacing(shape, (0.7, 0.7, 0.7))
    wider = grid.affine_lps.copy()
    wider[axis, axis] += wider_mm
    assert grid.matches(Grid(shape, wider)) is matches


def test_a_spacing_rounded_to_three_decimals_leaves_a_grid_the_same():
    exact = Grid.from_spacing((45, 630, 630), (6, 0.683594, 0.683594))
    rounded = Grid.from_spacing((45, 630, 630), (6, 0.684, 0.684))
    assert exact.apart_mm(rounded) > 0.36
    assert exact.matches(rounded)
    assert rounded.matches(exact)


@pytest.mark.parametrize("edge_mm", [0.05, 0.8])
def test_grids_a_slice_apart_never_match(edge_mm):
    grid = Grid.from_spacing((2, 9, 9), (edge_mm, 0.7, 0.7))
    above = Grid.from_spacing((2, 9, 9), (edge_mm, 0.7, 0.7), (0, 0, edge_mm))
    mirrored = Grid((2, 9, 9), above.affine_lps * (1, 1, -1, 1))
    assert not grid.matches(above)
    assert not grid.matches(mirrored)


def test_single_slices_of_other_thickness_do_not_match():
    thick = Grid.from_spacing((1, 9, 9), (8, 0.7, 0.7))
    assert not thick.matches(Grid.from_spacing((1, 9, 9), (1, 0.7, 0.7)))


def test_grids_of_other_shapes_do_not_match(grid):
    assert not grid.matches(Grid((2, 3, 5), grid.affine_lps))


def test_the_affine_of_a_grid_cannot_be_changed(grid):
    with pytest.raises(ValueError, match="read-only"):
        grid.affine_lps[0, 0] = 9


def test_a_grid_keeps_its_own_copy_of_the_affine():
    original = np.eye(4)
    made = Grid(SHAPE, original)
    original[0, 3] = 99
    assert made.origin_lps_mm == (0, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (np.eye(3), r"must be 4x4 and finite, got shape \(3, 3\)"),
        (np.full((4, 4), np.nan), "must be 4x4 and finite"),
        (np.diag([1, 1, 0, 1]), "singular"),
        (np.diag([1, 1, 1, 2]), "last row of an affine must be 0 0 0 1"),
    ],
)
def test_an_unusable_affine_is_refused(wrong, reason):
    with pytest.raises(GeometryError, match=reason):
        Grid(SHAPE, wrong)


@pytest.mark.parametrize("shape", [(3, 4), (0, 3, 4), (1, 2, 3, 4)])
def test_an_unusable_shape_is_refused(shape):
    with pytest.raises(GeometryError, match=r"needs a shape \(Z, Y, X\)"):
        Grid(shape, np.eye(4))


# CT


def test_a_ct_must_have_the_shape_of_its_grid(grid):
    with pytest.raises(GeometryError, match=r"CT has shape \(4, 3, 2\) but its grid"):
        CTVolume(np.zeros((4, 3, 2), np.float32), grid)


def test_padding_must_have_the_shape_of_the_grid(grid):
    with pytest.raises(GeometryError, match="padding has shape"):
        CTVolume(np.zeros(SHAPE, np.float32), grid, padding=np.zeros((1, 1, 1), bool))


def test_padding_takes_no_part_in_what_was_measured(grid):
    hu = np.arange(24, dtype=np.float32).reshape(SHAPE)
    padding = hu < 20
    ct = CTVolume(hu, grid, padding=padding)
    np.testing.assert_array_equal(ct.measured_hu, [20, 21, 22, 23])


def test_without_padding_everything_was_measured(grid):
    ct = CTVolume(np.zeros(SHAPE, np.float32), grid)
    assert ct.measured_hu.shape == (24,)


def test_a_ct_is_in_hounsfield_units_and_of_no_file_unless_said(grid):
    ct = CTVolume(np.zeros(SHAPE, np.float32), grid)
    assert ct.is_hu
    assert ct.source.kind == "memory"
    assert ct.source.paths == ct.source.notes == ()


# Masks


def test_a_mask_must_have_the_shape_of_its_grid(grid):
    with pytest.raises(GeometryError, match=r"mask has shape \(4, 3, 2\)"):
        LesionMask(np.zeros((4, 3, 2), np.uint8), grid)


def test_volumes_of_a_mask_are_counted_by_class(grid):
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, 0, :3] = 1
    labels[1] = 2
    labels[0, 2, 3] = 255
    # 3 and 12 voxels of 0.01 ml; the unknown class is none of the set.
    assert LesionMask(labels, grid).volumes_ml == pytest.approx(
        {"ggo": 0.03, "consolidation": 0.12}
    )


def test_an_empty_mask_has_volumes_of_zero(grid):
    mask = LungMask(np.zeros(SHAPE, np.uint8), grid)
    assert mask.volumes_ml == {"right_lung": 0, "left_lung": 0}


def test_masks_know_what_their_values_mean(grid):
    labels = np.zeros(SHAPE, np.uint8)
    assert LesionMask(labels, grid).label_set is LESIONS
    assert LungMask(labels, grid).label_set is LUNGS
    assert LesionMask(labels, grid).is_multi
    assert not LesionMask(labels, grid, INFECTION).is_multi


def test_a_mask_on_another_grid_than_its_ct_is_refused(grid):
    ct = CTVolume(np.zeros(SHAPE, np.float32), grid)
    elsewhere = Grid.from_spacing(SHAPE, (5, 2, 1.5))
    mask = LabelVolume(np.zeros(SHAPE, np.uint8), elsewhere, LESIONS)
    with pytest.raises(
        GeometryError, match=r"5 x 2 x 1\.5 mm does not lie.* 5 x 2 x 1 mm"
    ):
        mask.require_on(ct)


def test_a_mask_that_is_shifted_is_told_by_how_much(grid):
    ct = CTVolume(np.zeros(SHAPE, np.float32), grid)
    shifted = grid.affine_lps.copy()
    shifted[:3, 3] += 3, 0, 4
    mask = LabelVolume(np.zeros(SHAPE, np.uint8), Grid(SHAPE, shifted), LESIONS)
    with pytest.raises(GeometryError, match=r"mm: their voxels lie up to 5\.00 mm ap"):
        mask.require_on(ct)


def test_a_mask_on_the_grid_of_its_ct_passes(grid):
    ct = CTVolume(np.zeros(SHAPE, np.float32), grid)
    same = Grid(SHAPE, grid.affine_lps.copy())
    LabelVolume(np.zeros(SHAPE, np.uint8), same, LESIONS).require_on(ct)

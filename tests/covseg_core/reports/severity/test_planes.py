from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.reports.severity.planes import draw_planes, most_affected_place
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask


def drawn(ct, lesions, lungs):
    figure = Figure()
    draw_planes(figure, ct, lesions, lungs)
    return figure


def test_the_place_is_where_most_infection_lies(blocks):
    z, y, x = most_affected_place(
        blocks.lesions.labels, blocks.lungs.labels, blocks.ct.grid.spacing_mm_zyx
    )
    # Slices 7 to 10 hold both lesions; rows 28 to 32 do; the right one is bigger.
    assert 7 <= z <= 10
    assert 28 <= y <= 32
    assert 20 <= x < 30


def test_without_infection_the_middle_of_the_lungs_is_shown(blocks):
    empty = np.zeros_like(blocks.lesions.labels)
    z, y, _ = most_affected_place(empty, blocks.lungs.labels, (8.0, 5.0, 2.5))
    assert 9 <= z <= 10
    assert 25 <= y <= 27
    figure = drawn(blocks.ct, replace(blocks.lesions, labels=empty), blocks.lungs)
    assert len(figure.axes) == 4


def test_four_pictures_name_plane_and_place_and_mark_their_sides(blocks):
    figure = drawn(blocks.ct, blocks.lesions, blocks.lungs)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[0].startswith("Axial, plain: slice ")
    assert [title.split(",")[0] for title in titles] == [
        "Axial",
        "Axial",
        "Coronal",
        "Sagittal",
    ]
    assert all(title.endswith((" of 20", " of 48", " of 112")) for title in titles)
    marks = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert marks[1] == ["R", "L", "A", "P", "5 cm"]
    assert marks[2] == ["R", "L", "H", "F", "5 cm"]
    assert marks[3] == ["A", "P", "H", "F", "5 cm"]


def test_pictures_have_the_proportions_of_the_patient(blocks):
    figure = drawn(blocks.ct, blocks.lesions, blocks.lungs)
    # Voxels are 8 x 5 x 2.5 mm.
    assert [axis.get_aspect() for axis in figure.axes] == [2.0, 2.0, 3.2, 1.6]


def test_the_scale_bar_is_five_centimetres_long(blocks):
    figure = drawn(blocks.ct, blocks.lesions, blocks.lungs)
    lengths = [np.ptp(axis.lines[0].get_xdata()) for axis in figure.axes]
    assert lengths == pytest.approx([20, 20, 20, 10])


def test_the_head_is_above_and_the_right_lung_left_however_the_scan_is_stored(
    blocks, stored
):
    expected = [
        axis.images[-1].get_array()
        for axis in drawn(blocks.ct, blocks.lesions, blocks.lungs).axes
    ]
    right = expected[2]
    coloured = np.argwhere(right[..., 3] > 0)
    assert coloured[:, 1].mean() < right.shape[1] / 2
    for order, flips in (((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (0, 1, 0))):
        turned = [
            stored(each, order, flips)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        ]
        for axis, array in zip(drawn(*turned).axes, expected, strict=True):
            np.testing.assert_allclose(axis.images[-1].get_array(), array)


def test_infection_at_the_head_is_drawn_at_the_top():
    grid = Grid.from_spacing((10, 12, 14), (5, 4, 4))
    lungs, lesions = np.zeros((2, 10, 12, 14), np.uint8)
    lungs[1:9, 2:10, 2:12], lesions[8, 5, 4] = 1, 1
    ct = CTVolume(np.full(grid.shape, -800, np.float32), grid)
    coronal = drawn(ct, LesionMask(lesions, grid), LungMask(lungs, grid)).axes[2]
    ((row, column),) = np.argwhere(coronal.images[-1].get_array()[..., 3] > 0)
    assert row == 1
    assert column < 7


def test_masks_of_another_scan_and_empty_lungs_are_refused(blocks):
    other = Grid.from_spacing(blocks.ct.grid.shape, (8, 5, 2))
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        drawn(blocks.ct, replace(blocks.lesions, grid=other), blocks.lungs)
    nothing = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    with pytest.raises(InputRefusedError, match="lung mask is empty"):
        drawn(blocks.ct, blocks.lesions, nothing)


def test_a_scan_of_one_slice_is_drawn(blocks):
    grid = Grid((1, *blocks.grid.shape[1:]), blocks.grid.affine_lps)
    ct = CTVolume(blocks.ct.hu[8:9], grid)
    lesions = LesionMask(blocks.lesions.labels[8:9], grid)
    lungs = LungMask(blocks.lungs.labels[8:9], grid)
    assert len(drawn(ct, lesions, lungs).axes) == 4

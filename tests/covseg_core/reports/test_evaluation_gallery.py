from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.metrics.evaluation import Evaluated
from covseg_core.metrics.pairs import OnGrid, Pair
from covseg_core.reports.evaluation_gallery import (
    Panel,
    draw_gallery,
    find_images,
    worst_slice,
)


def evaluated(truth, predicted, grid=None, name="a"):
    pair = Pair(name, None, None, None)
    return Evaluated(pair, OnGrid(truth, grid), OnGrid(predicted, grid), (), ())


def panel(name="a", hits=4):
    truth = np.zeros((20, 30), bool)
    truth[5:7, 5:9] = True
    predicted = np.zeros_like(truth)
    predicted[5, 5 : 5 + hits] = True
    return Panel(name, truth, predicted, None)


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def test_the_slice_with_the_most_wrong_voxels_is_taken(blocks):
    truth = blocks.lesions.labels
    predicted = truth.copy()
    predicted[3, :5, :5], predicted[12, :10, :10] = 1, 1
    worst = worst_slice(evaluated(truth, predicted, blocks.ct.grid))
    assert worst.z == 12
    assert worst.predicted.sum() - worst.truth.sum() == 100


def test_the_slice_is_turned_as_on_a_light_box_however_it_is_stored(blocks, stored):
    truth = blocks.lesions
    predicted = replace(truth, labels=np.roll(truth.labels, 7, axis=2))
    upright = worst_slice(evaluated(truth.labels, predicted.labels, truth.grid))
    turned = [stored(each, (2, 0, 1), (0, 1, 0)) for each in (truth, predicted)]
    other = worst_slice(evaluated(*(each.labels for each in turned), turned[0].grid))
    np.testing.assert_array_equal(other.truth, upright.truth)
    np.testing.assert_array_equal(other.predicted, upright.predicted)
    assert other.z == upright.z


def test_probabilities_are_outlined_at_a_half():
    truth = np.array([[1, 2, 0]], np.uint8)
    maps = np.array([[[0.3, 0.2, 0.2]], [[0.3, 0.2, 0.1]]], np.float32)
    worst = worst_slice(evaluated(truth, maps))
    assert worst.predicted.tolist() == [[True, False, False]]
    assert worst.dice == pytest.approx(2 / 3)


def test_the_worst_come_first_and_the_best_are_left_out():
    panels = [panel(f"case{hits}", hits) for hits in (4, 1, 3, 2)] * 3
    shown = titles(draw_gallery(panels, {}))
    assert len(shown) == 8
    assert shown[0] == "case1: Dice 0.22"
    assert [title.split(":")[0] for title in shown] == [
        *["case1"] * 3,
        *["case2"] * 3,
        *["case3"] * 2,
    ]


def test_the_scan_is_drawn_under_the_outlines(blocks, tmp_path):
    write_nifti_ct(tmp_path / "a.nii.gz", blocks.ct)
    labels = blocks.lesions.labels
    worst = worst_slice(evaluated(labels, np.zeros_like(labels), blocks.ct.grid))
    figure = draw_gallery([worst], find_images(tmp_path, ["a"]))
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-1350, 150)
    # Voxels of the block phantom are 5 mm high and 2.5 mm wide.
    assert figure.axes[0].get_aspect() == pytest.approx(2)
    assert titles(figure) == [f"a, slice {worst.z + 1}: Dice 0.00"]


def test_a_picture_is_drawn_whole(tmp_path):
    Image.new("L", (30, 20), 90).save(tmp_path / "a.jpg")
    figure = draw_gallery([panel()], find_images(tmp_path, ["a"]))
    grey = figure.axes[0].images[0].get_array()
    assert grey.shape == (20, 30)
    assert abs(int(grey[0, 0]) - 90) < 3


def test_images_that_are_missing_or_do_not_fit_are_refused(tmp_path, blocks):
    with pytest.raises(InputRefusedError, match="no file or folder 'absent'"):
        find_images(tmp_path / "absent", ["a"])
    Image.new("L", (5, 5)).save(tmp_path / "a.png")
    with pytest.raises(InputRefusedError, match="holds none for b, c"):
        find_images(tmp_path, ["a", "b", "c"])
    with pytest.raises(GeometryError, match="the image of a does not lie on its mask"):
        draw_gallery([panel()], find_images(tmp_path, ["a"]))

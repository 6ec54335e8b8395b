from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import GeometryError, OutputError
from covseg_core.reports.overlay import draw_overlay, write_overlay
from covseg_core.volume import Grid


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def coloured(figure):
    """The lesion colours of the first slice, (rows, columns, RGBA)."""
    below = figure.axes[len(figure.axes) // 2]
    return below.images[1].get_array()


def test_the_most_affected_slices_are_shown_from_foot_to_head(blocks):
    figure = draw_overlay(blocks.ct, blocks.lesions, blocks.lungs, count=2)
    # Opacity in slices 7 to 11 and consolidation in 8 to 11, counted from 1.
    assert len(titles(figure)) == 2
    assert titles(figure) == sorted(
        titles(figure), key=lambda text: int(text.split()[1])
    )
    assert all(7 <= int(text.split()[1]) <= 11 for text in titles(figure))
    assert titles(figure)[0].endswith("of 20")


def test_the_picture_is_cut_to_the_lungs_and_their_margin(blocks):
    figure = draw_overlay(blocks.ct, blocks.lesions, blocks.lungs)
    # Rows 14-37 and columns 18-87 with 15 mm around: 3 rows and 6 columns.
    assert figure.axes[0].images[0].get_array().shape == (24 + 6, 70 + 12)
    whole = draw_overlay(blocks.ct, blocks.lesions, None)
    assert whole.axes[0].images[0].get_array().shape == blocks.ct.grid.shape[1:]


def test_each_class_is_painted_in_its_colour(blocks):
    colours = coloured(draw_overlay(blocks.ct, blocks.lesions, None, count=1))
    found = {tuple(np.round(colour, 3)) for colour in colours.reshape(-1, 4)}
    classes = blocks.lesions.label_set.classes
    expected = {(*np.round(label.colour, 3), 0.45) for label in classes}
    assert found == expected | {(0, 0, 0, 0)}


def test_the_right_lung_is_at_the_left_edge_however_the_scan_is_stored(blocks, stored):
    expected = coloured(draw_overlay(blocks.ct, blocks.lesions, blocks.lungs, count=1))
    for order, flips in (((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (0, 1, 0))):
        turned = [
            stored(each, order, flips)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        ]
        figure = draw_overlay(*turned, count=1)
        np.testing.assert_allclose(coloured(figure), expected)
    opacity = blocks.lesions.label_set.classes[0].colour
    columns = np.flatnonzero((expected[..., :3] == opacity).all(axis=2).any(axis=0))
    assert columns.max() < expected.shape[1] / 2


def test_pixels_that_are_not_square_are_drawn_in_their_true_shape(blocks):
    figure = draw_overlay(blocks.ct, blocks.lesions, blocks.lungs)
    assert figure.axes[0].get_aspect() == pytest.approx(5 / 2.5)


def test_a_healthy_scan_is_shown_by_slices_spread_over_the_lungs(blocks):
    healthy = replace(blocks.lesions, labels=np.zeros_like(blocks.lesions.labels))
    figure = draw_overlay(blocks.ct, healthy, blocks.lungs, count=3)
    assert len(titles(figure)) == 3
    # Lungs are in slices 6 to 15, counted from 1.
    assert all(6 <= int(text.split()[1]) <= 15 for text in titles(figure))


def test_an_empty_lung_mask_shows_the_whole_slice(blocks):
    nothing = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    figure = draw_overlay(blocks.ct, blocks.lesions, nothing)
    assert figure.axes[0].images[0].get_array().shape == blocks.ct.grid.shape[1:]


def test_grey_levels_are_shown_over_their_whole_range(blocks):
    grey = replace(blocks.ct, hu=np.clip(blocks.ct.hu + 900, 0, 255), is_hu=False)
    image = draw_overlay(grey, blocks.lesions, None).axes[0].images[0]
    assert image.get_clim() == (0, 255)


def test_the_legend_tells_the_volume_of_each_class(blocks):
    (legend,) = draw_overlay(blocks.ct, blocks.lesions, blocks.lungs).legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert [text.split()[-2:] for text in texts] == [["50.0", "ml"], ["20.0", "ml"]]


@pytest.mark.parametrize("which", ["lesions", "lungs"])
def test_masks_on_another_grid_are_refused(blocks, which):
    other = Grid.from_spacing(blocks.ct.grid.shape, (8.0, 5.0, 2.5))
    masks = {"lesions": blocks.lesions, "lungs": blocks.lungs}
    masks[which] = replace(masks[which], grid=other)
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        draw_overlay(blocks.ct, masks["lesions"], masks["lungs"])


def test_the_picture_is_written_as_png(blocks, tmp_path):
    write_overlay(tmp_path / "overlay.png", blocks.ct, blocks.lesions, blocks.lungs)
    with Image.open(tmp_path / "overlay.png") as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # Lesions are orange on grey.
    assert (pixels[..., 0] - pixels[..., 2] > 80).any()


def test_a_folder_that_is_not_there_is_told(blocks, tmp_path):
    with pytest.raises(
        OutputError, match=r"overlay\.png could not be written: its fold"
    ):
        write_overlay(tmp_path / "no" / "overlay.png", blocks.ct, blocks.lesions, None)

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.volume import CTVolume, Grid, LesionMask
from napari_covseg._convert import (
    blank_mask_layer,
    ct_from_layer,
    ct_layer,
    facts_of,
    lies_on,
    mask_from_layer,
    mask_layer,
)


def test_scan_is_shown_as_on_a_light_box_whatever_its_storage_order(turned, phantom):
    ct, _ = turned
    data, _, kind = ct_layer(ct, "CT")
    assert kind == "image"
    # The phantom is stored foot to head, front to back, right to left.
    np.testing.assert_array_equal(data, phantom.ct.hu)


def test_mask_is_shown_on_its_scan_whatever_their_storage_order(turned, phantom):
    ct, lesions = turned
    data, arguments, kind = mask_layer(lesions, "Infection")
    _, of_ct, _ = ct_layer(ct, "CT")
    assert kind == "labels"
    np.testing.assert_array_equal(data, phantom.lesions.labels)
    assert arguments["scale"] == of_ct["scale"]
    assert arguments["translate"] == of_ct["translate"]


def test_mask_goes_back_onto_the_grid_that_was_read(turned):
    _, lesions = turned
    data, arguments, _ = mask_layer(lesions, "Infection")
    back = mask_from_layer(data, arguments["metadata"])
    np.testing.assert_array_equal(back.labels, lesions.labels)
    np.testing.assert_array_equal(back.grid.affine_lps, lesions.grid.affine_lps)


def test_mask_drawn_on_a_scan_lands_on_the_grid_of_the_scan(turned):
    ct, lesions = turned
    _, of_ct, _ = ct_layer(ct, "CT")
    data, arguments, _ = blank_mask_layer(of_ct["metadata"], LESIONS, "Infection")
    assert not data.any()
    data[:] = mask_layer(lesions, "truth")[0]
    back = mask_from_layer(data, arguments["metadata"])
    back.require_on(ct)
    np.testing.assert_array_equal(back.labels, lesions.labels)


def test_layer_has_a_diagonal_scale_in_millimetres(turned):
    layer = Layer.create(*ct_layer(turned[0], "CT"))
    assert isinstance(layer, Image)
    np.testing.assert_allclose(layer.scale, (8.0, 5.0, 2.5))
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
    assert layer.axis_labels == ("slice", "row", "column")
    np.testing.assert_array_equal(layer.affine.affine_matrix, np.eye(4))
    np.testing.assert_array_equal(layer.rotate, np.eye(3))
    np.testing.assert_array_equal(layer.shear, np.zeros(3))


def test_scan_is_shown_in_the_lung_window(phantom):
    layer = Layer.create(*ct_layer(phantom.ct, "CT"))
    assert layer.contrast_limits == [-1350, 150]
    assert layer.colormap.name == "gray"


def test_picture_is_shown_from_black_to_white():
    grid = Grid.from_spacing((2, 4, 4), (1, 1, 1))
    picture = CTVolume(np.full(grid.shape, 7, np.float32), grid, is_hu=False)
    layer = Layer.create(*ct_layer(picture, "picture"))
    assert layer.contrast_limits == [0, 255]
    assert not ct_from_layer(layer.data, layer.metadata).is_hu


def test_two_scans_of_one_patient_line_up(phantom):
    whole = phantom.ct
    moved = whole.grid.affine_lps.copy()
    moved[:3, 3] = whole.grid.world_mm((4, 6, 8))
    part = CTVolume(whole.hu[4:, 6:, 8:].copy(), Grid((16, 42, 104), moved))
    of_whole, of_part = (Layer.create(*ct_layer(ct, "CT")) for ct in (whole, part))
    np.testing.assert_allclose(
        of_part.data_to_world((0, 0, 0)), of_whole.data_to_world((4, 6, 8))
    )


def test_painting_on_a_layer_leaves_the_mask_of_the_core_alone(phantom):
    before = phantom.lesions.labels.copy()
    layer = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    assert isinstance(layer, Labels)
    layer.paint((7, 20, 20), 2)
    assert (layer.data != before).any()
    np.testing.assert_array_equal(phantom.lesions.labels, before)


def test_painting_on_a_layer_leaves_a_mask_taken_from_it_alone(phantom):
    layer = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    taken = mask_from_layer(layer.data, layer.metadata)
    layer.data[:] = 1
    np.testing.assert_array_equal(taken.labels, phantom.lesions.labels)


def test_layer_has_voxels_of_its_own_and_gives_them_without_a_copy(phantom):
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    back = ct_from_layer(data, arguments["metadata"])
    assert not np.shares_memory(data, phantom.ct.hu)
    assert np.shares_memory(back.hu, data)


def test_scan_comes_back_in_the_standard_orientation(turned, phantom):
    data, arguments, _ = ct_layer(turned[0], "CT")
    back = ct_from_layer(data, arguments["metadata"])
    np.testing.assert_array_equal(back.hu, phantom.ct.hu)
    assert back.grid.spacing_mm_zyx == pytest.approx((8.0, 5.0, 2.5))


def test_padding_is_kept_in_the_orientation_of_the_scan(turned):
    ct, _ = turned
    padding = np.zeros(ct.grid.shape, bool)
    padding[0] = True
    padded = CTVolume(
        np.where(padding, -1000, 0).astype(np.float32), ct.grid, padding=padding
    )
    data, arguments, _ = ct_layer(padded, "CT")
    back = ct_from_layer(data, arguments["metadata"])
    np.testing.assert_array_equal(back.padding, back.hu == -1000)


def test_duplicated_layer_still_knows_its_grid(phantom):
    layer = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    copy = Layer.create(*layer.as_layer_data_tuple())
    assert facts_of(copy.metadata).grid is phantom.grid
    assert mask_from_layer(copy.data, copy.metadata).is_multi


def test_lung_mask_stays_a_lung_mask(phantom):
    data, arguments, _ = mask_layer(phantom.lungs, "lungs")
    assert mask_from_layer(data, arguments["metadata"]).label_set == LUNGS


def test_mask_lies_on_a_scan_of_its_grid_and_on_nothing_else(phantom):
    scan = Layer.create(*ct_layer(phantom.ct, "CT"))
    mask = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    farther = Grid(phantom.grid.shape, np.diag((1, 1, 2, 1)) @ phantom.grid.affine_lps)
    elsewhere = Layer.create(*ct_layer(CTVolume(phantom.ct.hu, farther), "CT"))
    assert lies_on(mask, scan)
    assert not any(lies_on(mask, other) for other in (elsewhere, mask, None))
    assert not lies_on(scan, scan)


def test_scan_of_another_plugin_is_refused():
    with pytest.raises(InputRefusedError, match="not opened by CovSeg"):
        ct_from_layer(np.zeros((2, 2, 2)), {})


def test_mask_is_no_scan(phantom):
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    with pytest.raises(InputRefusedError, match="not opened by CovSeg"):
        ct_from_layer(data, arguments["metadata"])


def test_mask_of_another_plugin_is_refused():
    with pytest.raises(InputRefusedError, match="its place in the patient is unknown"):
        mask_from_layer(np.zeros((2, 2, 2), int), {"covseg": "something else"})


def test_mask_whose_shape_was_changed_is_refused(phantom):
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    with pytest.raises(GeometryError, match=r"shape \(19, 48, 112\).*\(20, 48, 112\)"):
        mask_from_layer(data[1:], arguments["metadata"])


def test_label_without_a_meaning_is_refused(phantom):
    mask = LesionMask(phantom.lesions.labels, phantom.grid, INFECTION)
    data, arguments, _ = mask_layer(mask, "Infection")
    with pytest.raises(InputRefusedError, match="label 2, which has no meaning"):
        mask_from_layer(data, arguments["metadata"])

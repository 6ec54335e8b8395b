from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.severity.opacity import measure_opacity
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask


def volumes(spacing=(10.0, 5.0, 2.0)):
    """Two lungs of 40 voxels each, of 0.1 ml, in 2 x 10 x 12 voxels of tissue."""
    grid = Grid.from_spacing((2, 10, 12), spacing)
    hu = np.full(grid.shape, 40, np.float32)
    lungs = np.zeros(grid.shape, np.uint8)
    lungs[:, 2:7, 1:5], lungs[:, 2:7, 7:11] = 1, 2
    hu[lungs > 0] = -850
    lesions = np.zeros(grid.shape, np.uint8)
    return CTVolume(hu, grid), LesionMask(lesions, grid), LungMask(lungs, grid)


def test_volumes_and_shares_of_the_block_phantom_are_exact(blocks):
    report = measure_opacity(blocks.ct, blocks.lesions, blocks.lungs)
    assert report.rung == "two lungs"
    both, right, left = report.both, report.right, report.left
    assert both.lung_ml == pytest.approx(1000)
    assert both.lesion_ml == pytest.approx({"ggo": 50, "consolidation": 20})
    assert both.infection_ml == pytest.approx(70)
    assert both.percent_opacity == pytest.approx(7)
    # The opacity is at -550 HU, only the consolidation lies above -200 HU.
    assert both.percent_high_opacity == pytest.approx(2)
    assert right.lung_ml == pytest.approx(600)
    assert right.percent_opacity == pytest.approx(100 * 50 / 600)
    assert right.percent_high_opacity == 0
    assert left.lung_ml == pytest.approx(400)
    assert left.percent_opacity == pytest.approx(5)
    assert left.lesion_ml == pytest.approx({"ggo": 0, "consolidation": 20})


def test_the_same_voxels_in_another_order_give_the_same_report(blocks, stored):
    expected = measure_opacity(blocks.ct, blocks.lesions, blocks.lungs).as_dict()
    for order, flips in (((2, 0, 1), (True, False, True)), ((0, 2, 1), (1, 1, 0))):
        turned = (
            stored(each, order, flips)
            for each in (blocks.ct, blocks.lesions, blocks.lungs)
        )
        report = measure_opacity(*turned).as_dict()
        for region in ("both", "right", "left"):
            assert report[region].pop("lesion_ml") == pytest.approx(
                expected[region]["lesion_ml"]
            )
            rest = {k: v for k, v in expected[region].items() if k != "lesion_ml"}
            assert report[region] == pytest.approx(rest)


def test_millilitres_come_from_the_determinant_of_a_sheared_grid():
    ct, lesions, lungs = volumes()
    affine = ct.grid.affine_lps.copy()
    affine[1, 2] = 4.0  # the gantry leans: 4 mm backwards per slice of 10 mm
    grid = Grid(ct.grid.shape, affine)
    assert grid.is_sheared
    ct, lesions, lungs = (replace(each, grid=grid) for each in (ct, lesions, lungs))
    report = measure_opacity(ct, lesions, lungs)
    assert report.both.lung_ml == pytest.approx(80 * 0.1)


def test_a_mirrored_affine_gives_the_same_positive_volume():
    ct, lesions, lungs = volumes()
    affine = ct.grid.affine_lps @ np.diag([-1.0, 1, 1, 1])
    grid = Grid(ct.grid.shape, affine)
    lesions.labels[0, 3, 2] = 1
    ct, lesions, lungs = (replace(each, grid=grid) for each in (ct, lesions, lungs))
    assert measure_opacity(ct, lesions, lungs).both.infection_ml == pytest.approx(0.1)


def test_swapped_sides_swap_the_report():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 3, 2:4] = 1
    lungs.labels[1, 2, 1] = 0
    swapped = replace(lungs, labels=np.choose(lungs.labels, [0, 2, 1]).astype(np.uint8))
    report, mirrored = (measure_opacity(ct, lesions, each) for each in (lungs, swapped))
    assert report.right.lung_ml == pytest.approx(3.9)
    assert report.right == mirrored.left
    assert report.left == mirrored.right
    assert report.both == mirrored.both


def test_padding_takes_no_part():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 2, 1:5] = 1
    padding = np.zeros(ct.grid.shape, bool)
    padding[0, 2, :3] = True
    report = measure_opacity(replace(ct, padding=padding), lesions, lungs)
    # 2 of the 40 voxels of the right lung are padding, and both were called lesion.
    assert report.right.lung_ml == pytest.approx(3.8)
    assert report.right.infection_ml == pytest.approx(0.2)
    assert report.right.percent_opacity == pytest.approx(100 * 2 / 38)


def test_disease_outside_the_mask_is_added_to_the_nearest_lung():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 4, 5] = 2  # beside the right lung
    lesions.labels[0, 9, 8] = 1  # behind the left lung
    report = measure_opacity(ct, lesions, lungs)
    assert report.right.lesion_ml == pytest.approx({"ggo": 0, "consolidation": 0.1})
    assert report.left.lesion_ml == pytest.approx({"ggo": 0.1, "consolidation": 0})
    assert report.right.lung_ml == pytest.approx(4.1)
    assert report.both.lung_ml == pytest.approx(8.2)
    assert report.right.percent_opacity == pytest.approx(100 * 1 / 41)


def test_a_lung_that_is_wholly_diseased_is_at_100_percent_and_not_above():
    ct, lesions, lungs = volumes()
    lesions.labels[:, 1:8, :6] = 2
    report = measure_opacity(ct, lesions, lungs)
    assert report.right.percent_opacity == pytest.approx(100)
    assert report.left.percent_opacity == 0


def test_high_opacity_begins_above_minus_200_hu():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 2, 1:5] = 1
    ct.hu[0, 2, 1:5] = -201, -200, -199, 60
    report = measure_opacity(ct, lesions, lungs)
    assert report.right.percent_opacity == pytest.approx(10)
    assert report.right.percent_high_opacity == pytest.approx(5)


def test_grey_levels_give_no_high_opacity():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 2, 1] = 1
    report = measure_opacity(replace(ct, is_hu=False), lesions, lungs)
    assert report.both.percent_high_opacity is None
    assert report.both.percent_opacity == pytest.approx(100 / 80)


def test_one_class_and_unknown_class_count_as_infection():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 2, 1] = 1
    single = replace(lesions, label_set=INFECTION)
    assert measure_opacity(ct, single, lungs).both.lesion_ml == pytest.approx(
        {"infection": 0.1}
    )
    lesions.labels[0, 3, 1] = UNKNOWN_CLASS
    both = measure_opacity(ct, lesions, lungs).both
    assert both.infection_ml == pytest.approx(0.2)
    assert both.lesion_ml == pytest.approx({"ggo": 0.1, "consolidation": 0})


def test_a_patient_with_one_lung_has_no_share_on_the_other_side():
    ct, lesions, lungs = volumes()
    lungs.labels[lungs.labels == 2] = 0
    lesions.labels[0, 4, 9] = 1  # where the left lung was
    report = measure_opacity(ct, lesions, lungs)
    assert report.left.lung_ml == 0
    assert report.left.percent_opacity is None
    assert report.left.percent_high_opacity is None
    assert report.right.infection_ml == pytest.approx(0.1)


def test_a_healthy_scan_is_at_0_percent():
    report = measure_opacity(*volumes())
    assert report.both.percent_opacity == 0
    assert report.both.percent_high_opacity == 0


def test_an_empty_lung_mask_is_refused():
    ct, lesions, lungs = volumes()
    lungs.labels[:] = 0
    with pytest.raises(InputRefusedError, match="the lung mask is empty, so shares"):
        measure_opacity(ct, lesions, lungs)


@pytest.mark.parametrize("which", [1, 2])
def test_masks_on_another_grid_are_refused(which):
    given = list(volumes())
    given[which] = replace(
        given[which], grid=Grid.from_spacing((2, 10, 12), (10.0, 5.0, 2.1))
    )
    with pytest.raises(GeometryError, match="Resample the mask to the CT"):
        measure_opacity(*given)


def test_the_masks_stay_what_they_were():
    ct, lesions, lungs = volumes()
    lesions.labels[0, 4, 5] = 2
    before = lesions.labels.copy(), lungs.labels.copy()
    measure_opacity(ct, lesions, lungs)
    np.testing.assert_array_equal(lesions.labels, before[0])
    np.testing.assert_array_equal(lungs.labels, before[1])


def test_the_report_is_plain_values_for_json():
    document = measure_opacity(*volumes()).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document

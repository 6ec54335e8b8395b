from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.severity.agreement import measure_agreement
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

GRID = Grid.from_spacing((2, 10, 12), (10.0, 5.0, 2.0))


def mask(*boxes):
    labels = np.zeros(GRID.shape, np.uint8)
    for box, value in boxes:
        labels[box] = value
    return LesionMask(labels, GRID)


def scan():
    """Two lungs of 40 voxels of 0.1 ml."""
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[:, 2:7, 1:5], lungs[:, 2:7, 7:11] = 1, 2
    return CTVolume(np.full(GRID.shape, -800, np.float32), GRID), LungMask(lungs, GRID)


def agreement(lesions, reader):
    ct, lungs = scan()
    return measure_agreement(ct, lesions, lungs, reader)


def test_the_overlap_is_twice_the_shared_by_the_sum():
    # 6 voxels against 4, of which 3 are shared: 2 * 3 / 10.
    found = agreement(
        mask((np.s_[0, 2, 1:4], 1), (np.s_[0, 3, 1:4], 1)), mask((np.s_[0, 2, 1:5], 1))
    )
    assert found.overall.dsc == pytest.approx(0.6)
    assert found.overall.ml == pytest.approx(0.6)
    assert found.overall.reader_ml == pytest.approx(0.4)
    assert found.overall.difference_ml == pytest.approx(0.2)
    assert found.overall.difference_percent == pytest.approx(50)
    assert found.remarks == ()


def test_classes_and_lungs_are_compared_apart():
    ours = mask((np.s_[0, 2, 1:3], 1), (np.s_[0, 2, 7:9], 2))
    reader = mask((np.s_[0, 2, 1:3], 2), (np.s_[0, 2, 8:10], 2))
    found = agreement(ours, reader)
    assert found.overall.dsc == pytest.approx(2 * 3 / 8)
    assert found.classes["ggo"].dsc == 0
    assert found.classes["consolidation"].dsc == pytest.approx(2 * 1 / 6)
    assert found.lungs["right"].dsc == 1
    assert found.lungs["left"].dsc == pytest.approx(0.5)
    assert found.lungs["left"].difference_ml == 0


def test_two_empty_masks_have_no_coefficient():
    found = agreement(mask(), mask())
    assert found.overall.dsc is None
    assert found.overall.difference_percent is None
    assert "Neither mask holds infection" in found.remarks[0]


def test_an_empty_mask_against_infection_is_a_zero():
    found = agreement(mask(), mask((np.s_[0, 2, 1:5], 1)))
    assert found.overall.dsc == 0
    assert found.overall.difference_percent == pytest.approx(-100)
    assert found.classes["consolidation"].dsc is None
    assert agreement(mask((np.s_[0, 2, 1], 1)), mask()).overall.dsc == 0
    assert (
        agreement(mask((np.s_[0, 2, 1], 1)), mask()).overall.difference_percent is None
    )


def test_masks_without_classes_are_compared_as_infection():
    ours = mask((np.s_[0, 2, 1:5], 2))
    reader = replace(mask((np.s_[0, 2, 1:5], 1)), label_set=INFECTION)
    found = agreement(ours, reader)
    assert found.classes == {}
    assert found.overall.dsc == 1
    assert found.remarks == (
        "The reader's mask does not tell classes apart: all infection is compared.",
    )
    assert "The mask does not tell" in agreement(reader, ours).remarks[0]


def test_what_a_reader_left_without_class_counts_as_infection_alone():
    ours = mask((np.s_[0, 2, 1:5], 1))
    reader = mask((np.s_[0, 2, 1:3], 1), (np.s_[0, 2, 3:5], UNKNOWN_CLASS))
    found = agreement(ours, reader)
    assert found.overall.dsc == 1
    assert found.classes["ggo"].dsc == 1
    assert found.classes["ggo"].ml == pytest.approx(0.2)
    assert "did not tell the class" in found.remarks[0]


def test_a_reader_mask_in_another_order_of_voxels_is_turned(stored):
    ours = mask((np.s_[0, 2, 1:5], 1), (np.s_[1, 4, 8], 2))
    reader = mask((np.s_[0, 2, 1:4], 1), (np.s_[1, 4, 8], 2))
    turned = stored(reader, (2, 0, 1), (True, False, True))
    assert agreement(ours, turned) == agreement(ours, reader)


def test_a_mask_of_other_voxels_is_refused():
    reader = replace(
        mask(), grid=Grid.from_spacing(GRID.shape, (10.0, 5.0, 2.0), (1.0, 0, 0))
    )
    with pytest.raises(GeometryError, match="does not lie on the voxels of the scan"):
        agreement(mask(), reader)


def test_padding_takes_no_part_and_infection_beside_a_lung_does():
    ct, lungs = scan()
    padding = np.zeros(GRID.shape, bool)
    padding[0, 2, 1] = True
    ours = mask((np.s_[0, 2, 1:6], 1))
    reader = mask((np.s_[0, 2, 2:5], 1))
    found = measure_agreement(replace(ct, padding=padding), ours, lungs, reader)
    assert found.overall.dsc == pytest.approx(2 * 3 / 7)
    assert found.lungs["right"].dsc == pytest.approx(2 * 3 / 7)


def test_all_values_fit_into_json():
    document = agreement(mask(), mask((np.s_[0, 2, 1:5], 1))).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cases.opening import open_case, volumes_of_versions
from covseg_core.errors import InputRefusedError
from covseg_core.steps import result_of
from covseg_core.volume import Source

VOXEL_ML = 0.0028


def test_scan_lungs_and_mask_are_read(filled, make_ct, make_mask):
    case = result_of(open_case(filled, "case-0002"))
    np.testing.assert_array_equal(case.ct.hu, make_ct(1).hu)
    assert set(np.unique(case.lungs.labels)) == {1, 2}
    wanted = make_mask({1: 4, 2: 2}, make_ct(1))
    np.testing.assert_array_equal(case.mask.labels, wanted.labels)
    assert (case.record.case_id, case.version.number) == ("case-0002", 1)


def test_mask_of_a_reader_comes_before_a_newer_one_of_a_model(filled):
    assert result_of(open_case(filled, "case-0001")).version.source == "manual"


def test_another_version_can_be_asked_for(filled):
    case = result_of(open_case(filled, "case-0001", 2))
    assert case.version.number == 2
    assert (case.mask.labels > 0).sum() == 6


def test_a_case_without_mask_and_lungs_has_none(store, make_ct):
    store.add_case(make_ct())
    case = result_of(open_case(store, "case-0001"))
    assert (case.mask, case.lungs, case.version) == (None, None, None)


def test_each_part_is_told_before_it_is_read(filled):
    steps = list(open_case(filled, "case-0001"))
    assert [step.stage for step in steps] == [
        "Reading the scan",
        "Reading the lungs",
        "Reading the mask",
    ]
    assert [(step.done, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    "name", ["ct.nii.gz", "lungs.nii.gz", "masks/v0001_manual.nii.gz"]
)
def test_a_changed_byte_is_refused(filled, flip, name):
    flip(filled.root / "case-0001" / name, 40)
    with pytest.raises(InputRefusedError, match="was changed after it was recorded"):
        result_of(open_case(filled, "case-0001"))


def test_versions_are_measured_from_the_newest_on(filled):
    measured = list(volumes_of_versions(filled, "case-0001"))
    assert [number for number, _ in measured] == [2, 1]
    assert [ml for _, ml in measured] == pytest.approx([6 * VOXEL_ML, 6 * VOXEL_ML])


def test_masks_of_pictures_have_no_volume(store, make_ct, make_mask):
    ct = make_ct(is_hu=False, source=Source("images"))
    store.add_case(ct)
    store.add_mask("case-0001", make_mask({1: 4}, ct), source="manual")
    assert list(volumes_of_versions(store, "case-0001")) == []

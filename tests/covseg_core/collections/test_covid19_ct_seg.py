from __future__ import annotations

import numpy as np
import pytest

from covseg_core.collections.covid19_ct_seg import patient_of
from covseg_core.errors import InputRefusedError

HU, WINDOWED = "coronacases_001", "radiopaedia_10_85902_1"


@pytest.fixture
def download(put, lesion_labels, lung_labels):
    """A scan in HU, and two of one patient in an 8-bit window."""
    infection = (lesion_labels > 0).astype(np.uint8)
    swapped = ((3 - lung_labels) * (lung_labels > 0)).astype(np.uint8)
    for seed, name in enumerate([HU, WINDOWED, "radiopaedia_10_85902_3"]):
        put.ct(f"COVID-19-CT-Seg_20cases/{name}.nii.gz", seed, is_hu=seed == 0)
        put.labels(f"Infection_Mask/{name}.nii.gz", infection)
        put.labels(f"Lung_Mask/{name}.nii.gz", lung_labels if seed else swapped)
        joint = np.where(infection, 3, swapped).astype(np.uint8)
        put.labels(f"Lung_and_Infection_Mask/{name}.nii.gz", joint)
    return put.root


def test_scans_come_with_infection_and_lungs(
    download, read, lesion_labels, lung_labels
):
    cases = read("covid19-ct-seg", download)
    assert list(cases) == [HU, WINDOWED, "radiopaedia_10_85902_3"]
    for case in cases.values():
        assert np.array_equal(case.lesions.labels, lesion_labels > 0)
        assert case.lesions.label_set.name == "infection"
        assert np.array_equal(case.lungs.labels, lung_labels)


def test_windows_are_told_from_hu_by_their_values(download, read):
    cases = read("covid19-ct-seg", download)
    assert [case.ct.is_hu for case in cases.values()] == [True, False, False]
    assert cases[WINDOWED].note == "an 8-bit window, not in HU"
    assert cases[HU].note == ""


def test_two_scans_of_one_patient_stay_together(download, read):
    patients = [case.patient for case in read("covid19-ct-seg", download).values()]
    assert patients == ["coronacases 001", "radiopaedia 10", "radiopaedia 10"]


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("radiopaedia_org_covid-19-pneumonia-29_86490_1-dcm", "radiopaedia 29"),
        ("radiopaedia_29_86491_1", "radiopaedia 29"),
        ("coronacases_org_001", "coronacases 001"),
        ("study_0001", None),
    ],
)
def test_a_patient_is_known_however_the_source_is_spelled(name, patient):
    assert patient_of(name) == patient


def test_infection_is_cut_from_the_joint_mask_where_it_has_no_file(
    download, read, lesion_labels
):
    (download / "Infection_Mask" / f"{HU}.nii.gz").unlink()
    mask = read("covid19-ct-seg", download)[HU].lesions
    assert np.array_equal(mask.labels, lesion_labels > 0)


def test_a_scan_without_any_mask_is_refused(download, read):
    for folder in ("Infection_Mask", "Lung_Mask", "Lung_and_Infection_Mask"):
        (download / folder / f"{HU}.nii.gz").unlink()
    with pytest.raises(InputRefusedError, match=f"{HU}.nii.gz has no mask"):
        read("covid19-ct-seg", download)

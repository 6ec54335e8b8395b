from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError


@pytest.fixture
def download(put, lesion_labels):
    """A healthy study, one with a mask and one without, in a folder of a release."""
    put.ct("COVID19_1110/studies/CT-0/study_0001.nii.gz", 1)
    put.ct("COVID19_1110/studies/CT-1/study_0255.nii", 2)
    put.ct("COVID19_1110/studies/CT-4/study_1110.nii.gz", 3)
    mask = (lesion_labels > 0).astype(np.uint8)
    put.labels("COVID19_1110/masks/study_0255_mask.nii", mask)
    return put.root


def test_studies_come_from_healthy_to_critical(download, read):
    cases = read("mosmeddata", download)
    names = ["mosmed-study_0001", "mosmed-study_0255", "mosmed-study_1110"]
    assert list(cases) == names
    assert [case.patient for case in cases.values()] == names
    assert all(case.ct.is_hu for case in cases.values())


def test_a_mask_is_infection_of_one_class(download, read, lesion_labels):
    case = read("mosmeddata", download)["mosmed-study_0255"]
    assert np.array_equal(case.lesions.labels, lesion_labels > 0)
    assert case.lesions.label_set.name == "infection"
    assert case.note == "severity CT-1"


def test_a_healthy_study_has_an_empty_mask_of_a_reader(download, read):
    case = read("mosmeddata", download)["mosmed-study_0001"]
    assert case.lesions.labels.shape == case.ct.grid.shape
    assert not case.lesions.labels.any()
    assert case.source == "manual"
    assert "no infection, so the mask is empty" in case.note


def test_other_studies_are_not_outlined(download, read):
    assert read("mosmeddata", download)["mosmed-study_1110"].lesions is None


def test_a_mask_of_no_study_is_refused(download, read):
    (download / "COVID19_1110/studies/CT-1/study_0255.nii").unlink()
    with pytest.raises(InputRefusedError, match=r"study_0255_mask\.nii first"):
        read("mosmeddata", download)

"""Pages become colour pictures of one series, pixel by pixel as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import UsageError
from covseg_core.io.dicom.capture_write import write_secondary_captures

PAGES = tuple(
    np.random.default_rng(size).integers(0, 256, (size, 13, 3), np.uint8)
    for size in (11, 20)
)


def test_pages_come_back_pixel_by_pixel(scan, tmp_path):
    paths = write_secondary_captures(tmp_path, scan(), PAGES)
    assert [path.name for path in paths] == ["report_page_01.dcm", "report_page_02.dcm"]
    made = list(map(dcmread, paths))
    for page, one in zip(PAGES, made, strict=True):
        assert np.array_equal(one.pixel_array, page)
    assert [one.InstanceNumber for one in made] == [1, 2]
    assert len({one.SeriesInstanceUID for one in made}) == 1
    assert len({one.SOPInstanceUID for one in made}) == 2
    assert made[0].file_meta.MediaStorageSOPInstanceUID == made[0].SOPInstanceUID


def test_they_belong_to_the_study_and_name_its_slices(scan, tmp_path):
    ct = scan()
    path, _ = write_secondary_captures(tmp_path, ct, PAGES)
    made, source = dcmread(path), dcmread(ct.source.paths[0])
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert len(made.SourceImageSequence) == ct.grid.shape[0]
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert "research use only" in made.SeriesDescription


@pytest.mark.parametrize(("shown", "said"), [(False, "NO"), (True, "YES")])
def test_it_says_whether_pages_show_the_patient(scan, tmp_path, shown, said):
    path, _ = write_secondary_captures(tmp_path, scan(), PAGES, shows_identifiers=shown)
    assert dcmread(path).BurnedInAnnotation == said


def test_pages_of_a_synthetic_scan_are_marked_as_such(scan, tmp_path):
    ct = scan()
    ct = replace(ct, source=replace(ct.source, is_synthetic=True))
    path, _ = write_secondary_captures(tmp_path, ct, PAGES)
    assert dcmread(path).SeriesDescription.startswith("SYNTHETIC ")


@pytest.mark.parametrize(
    "page", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), "u1")]
)
def test_what_is_no_colour_picture_is_refused(scan, tmp_path, page):
    with pytest.raises(UsageError, match=r"page 2 is .* give uint8 of shape \(rows"):
        write_secondary_captures(tmp_path, scan(), [PAGES[0], page])
    assert not list(tmp_path.glob("*.dcm"))


def test_a_scan_that_was_not_read_from_dicom_is_refused(chest, tmp_path):
    with pytest.raises(UsageError, match="was not read from DICOM"):
        write_secondary_captures(tmp_path, chest, PAGES)


def test_the_validator_finds_no_error(turned, tmp_path, dicom_errors):
    for path in write_secondary_captures(tmp_path, turned, PAGES):
        assert dicom_errors(path) == []


def test_nor_does_it_on_an_anonymised_scan(anonymised, tmp_path, dicom_errors):
    for path in write_secondary_captures(tmp_path, anonymised, PAGES):
        assert dicom_errors(path) == []

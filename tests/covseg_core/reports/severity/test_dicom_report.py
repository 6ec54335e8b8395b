"""A PACS gets the outlines, the numbers and the pages of one scan together."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import GeometryError, OutputError, UsageError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.sr_read import read_sr_measurements
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.reports.severity.dicom_report import DicomExtras, write_dicom_report
from covseg_core.severity.report import measure_report
from covseg_core.volume import LesionMask, LobeMask, LungMask

MODEL = MaskOrigin("model", "infnet-multi-small", "5" * 64)
PDF = b"%PDF-1.4 one page\n%%EOF"
PAGE = np.full((20, 15, 3), 200, np.uint8)


@pytest.fixture(scope="module")
def ct(blocks, tmp_path_factory):
    """The blocks as they are read from DICOM."""
    folder = tmp_path_factory.mktemp("dicom") / "series"
    write_dicom_series(blocks.ct, folder)
    return read_dicom(folder)


@pytest.fixture(scope="module")
def masks(blocks, ct):
    lesions = LesionMask(blocks.lesions.labels, ct.grid)
    lungs = LungMask(blocks.lungs.labels, ct.grid)
    return [
        TracedMask(lesions, MODEL),
        TracedMask(lungs, MaskOrigin("model", "hu-threshold")),
    ]


@pytest.fixture(scope="module")
def report(ct, masks):
    lesions, lungs = (one.mask for one in masks)
    return measure_report(ct, lesions, lungs)


@pytest.fixture(scope="module")
def made(ct, masks, report, tmp_path_factory):
    """All that can be written, in a folder that was not there."""
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    extras = DicomExtras(PDF, (PAGE, PAGE), shows_identifiers=True)
    return write_dicom_report(folder, ct, masks, report, extras)


def test_outlines_and_numbers_come_back(ct, masks, made):
    found = read_dicom_seg(made.segmentation, ct)
    assert np.array_equal(found.lesions.labels, masks[0].mask.labels)
    assert np.array_equal(found.lungs.labels, masks[1].mask.labels)
    groups = read_sr_measurements(made.measurements).groups
    assert [one.segment for one in groups[:5]] == [1, 2, 3, 4, None]
    # 50, 20, 600 and 400 ml.
    volumes = [one.measurements[0].value for one in groups[:4]]
    assert volumes == pytest.approx([50, 20, 600, 400])


def test_measurements_refer_to_the_segmentation_beside_them(ct, made):
    told = dcmread(made.measurements)
    (study,) = told.CurrentRequestedProcedureEvidenceSequence
    named = {one.SeriesInstanceUID for one in study.ReferencedSeriesSequence}
    assert named == {ct.source.series_uid, dcmread(made.segmentation).SeriesInstanceUID}


def test_all_files_belong_to_one_study_and_the_validator_finds_no_error(
    ct, made, dicom_errors
):
    assert [path.name for path in made.paths] == [
        "segmentation.dcm",
        "measurements.dcm",
        "report.dcm",
        "report_page_01.dcm",
        "report_page_02.dcm",
    ]
    written = list(map(dcmread, made.paths))
    assert {one.StudyInstanceUID for one in written} == {
        dcmread(ct.source.paths[0]).StudyInstanceUID
    }
    assert {one.BurnedInAnnotation for one in written[2:]} == {"YES"}
    assert len({one.SeriesNumber for one in written}) == 4
    assert [error for path in made.paths for error in dicom_errors(path)] == []


@pytest.fixture
def same_to_dcmqi(tmp_path, dcmqi):
    """Check that another program reads the numbers that we read."""
    return lambda path: require_same(path, tmp_path / "told.json", dcmqi)


def require_same(path, target, dcmqi):
    dcmqi("tid1500reader", inputDICOM=path, outputMetadata=target)
    theirs = json.loads(target.read_text())["Measurements"]
    ours = read_sr_measurements(path).groups
    assert [one["TrackingIdentifier"] for one in theirs] == [one.title for one in ours]
    for group, other in zip(ours, theirs, strict=True):
        values = [float(one["value"]) for one in other["measurementItems"]]
        assert values == pytest.approx([one.value for one in group.measurements])


def test_dcmqi_reads_the_whole_report(made, same_to_dcmqi):
    same_to_dcmqi(made.measurements)


class TestEveryKindOfScan:
    """What differs from scan to scan is still a report that others read."""

    @pytest.fixture
    def passes(self, ct, masks, tmp_path, dicom_errors, same_to_dcmqi):
        """Write, validate and read back; gives the groups by title."""

        def write(ct=ct, lesions=masks[0], lungs=masks[1], lobes=None):
            report = measure_report(ct, lesions.mask, lungs.mask, lobes=lobes)
            # Each group takes its time, and 20 regions are like six.
            few = [one for one in report.scores if one.definition.key != "ct_ss"]
            report = replace(report, scores=tuple(few))
            made = write_dicom_report(tmp_path / "set", ct, [lesions, lungs], report)
            assert [error for path in made.paths for error in dicom_errors(path)] == []
            same_to_dcmqi(made.measurements)
            groups = read_sr_measurements(made.measurements).groups
            assert len({one.title for one in groups}) == len(groups)
            return {one.title: values_of(one) for one in groups}

        return write

    @pytest.fixture
    def lesions(self, ct, masks):
        """Make a mask from the labels of the one there is."""

        def make(change, label_set=masks[0].mask.label_set, kind="edited"):
            labels = change(masks[0].mask.labels).astype(np.uint8)
            mask = LesionMask(labels, ct.grid, label_set)
            return TracedMask(mask, MaskOrigin(kind, "", ""))

        return make

    def test_one_class(self, passes, lesions):
        groups = passes(lesions=lesions(lambda labels: labels > 0, INFECTION))
        assert groups["Outline: Infection"]["118565006"] == pytest.approx(70)
        assert "GGO_ML" not in groups["Both lungs"]

    def test_a_class_that_is_not_known(self, passes, lesions):
        groups = passes(
            lesions=lesions(lambda was: np.where(was == 2, UNKNOWN_CLASS, was))
        )
        unknown = groups["Outline: Infection, class unknown"]
        assert unknown["118565006"] == pytest.approx(20)
        assert groups["Both lungs"]["INFECTION_ML"] == pytest.approx(70)
        assert groups["Both lungs"]["CONSOLIDATION_ML"] == 0

    def test_no_infection_drawn_by_a_reader(self, passes, lesions):
        groups = passes(lesions=lesions(np.zeros_like, kind="manual"))
        assert groups["Outline: Consolidation"] == {"118565006": 0}
        assert groups["Both lungs"]["PAN_25"] == 0
        assert "112031" not in groups["Both lungs"]

    def test_one_lung(self, passes, lesions, ct, masks):
        right = np.where(masks[1].mask.labels == 1, 1, 0).astype(np.uint8)
        groups = passes(
            lesions=lesions(lambda was: np.where(right, was, 0)),
            lungs=TracedMask(
                LungMask(right, ct.grid), MaskOrigin("model", "hu-threshold")
            ),
        )
        assert not [title for title in groups if "eft" in title]
        assert groups["Right lung"]["LUNG_ML"] == pytest.approx(600)
        # Without regions of the left lung no score has a total.
        assert "PAN_25" in groups["Right lung"]
        assert "PAN_25" not in groups["Both lungs"]

    def test_lobes_of_which_one_is_missing(self, passes, ct, masks):
        number = np.array([0, 3, 1], np.uint8)
        lobes = number[masks[1].mask.labels]
        lobes[:10][lobes[:10] == 3] = 5
        groups = passes(lobes=LobeMask(lobes, ct.grid))
        assert "Right lower lobe" in groups
        assert "Right middle lobe" not in groups

    def test_not_in_hounsfield_units(self, passes, ct):
        groups = passes(ct=replace(ct, is_hu=False))
        assert not {"112031", "PHO", "LHOS"} & {
            key for values in groups.values() for key in values
        }


def values_of(group):
    return {one.concept.value: one.value for one in group.measurements}


def test_only_what_is_wanted_is_written(ct, masks, report, made, tmp_path):
    extras = DicomExtras(reader="Doe^Jane")
    named = write_dicom_report(tmp_path / "out", ct, masks, report, extras)
    assert (named.document, named.pages) == (None, ())
    assert sorted((tmp_path / "out").iterdir()) == sorted(named.paths)
    assert b"Doe^Jane" in named.measurements.read_bytes()
    assert b"Doe^Jane" not in made.measurements.read_bytes()


class TestRefusals:
    def test_a_scan_that_was_not_read_from_dicom(self, blocks, report, tmp_path):
        masks = [TracedMask(blocks.lesions, MODEL)]
        with pytest.raises(UsageError, match="was not read from DICOM"):
            write_dicom_report(tmp_path / "out", blocks.ct, masks, report)
        assert not list((tmp_path / "out").iterdir())

    def test_no_mask_of_infection(self, ct, masks, report, tmp_path):
        with pytest.raises(UsageError, match="one mask of infection, not 0"):
            write_dicom_report(tmp_path / "out", ct, masks[1:], report)

    def test_a_mask_of_another_scan(self, ct, masks, report, tmp_path):
        grid = type(ct.grid).from_spacing(ct.grid.shape, (1, 1, 1), (0, 0, 0))
        other = TracedMask(LesionMask(masks[0].mask.labels, grid), MODEL)
        with pytest.raises(GeometryError, match="does not lie on the CT"):
            write_dicom_report(tmp_path / "out", ct, [other], report)

    def test_a_folder_that_is_a_file(self, ct, masks, report, tmp_path):
        (tmp_path / "out").write_text("a file")
        with pytest.raises(OutputError, match="folder 'out' could not be written"):
            write_dicom_report(tmp_path / "out", ct, masks, report)

from __future__ import annotations

import csv
import json
import re
import shutil
import zlib
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.io import read_ct
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.nifti import (
    read_nifti_labels,
    write_nifti_labels,
    write_nifti_probabilities,
)
from covseg_core.labels import INFECTION, LESIONS, LOBES
from covseg_core.volume import Grid, LabelVolume

NAME, NUMBER, BORN, STUDIED = "Mustermann^Erika", "PID-98765", "19630112", "20210304"


@pytest.fixture
def mask(blocks, tmp_path):
    """The phantom's true mask as NIfTI."""
    write_nifti_labels(tmp_path / "true.nii.gz", blocks.lesions)
    return tmp_path / "true.nii.gz"


@pytest.fixture
def measured(covseg, scan, mask, lungs, tmp_path):
    """Score the phantom with its true masks; gives the JSON document."""

    def call(*words):
        given = ("--mask", mask, "--lungs", lungs)
        answer = covseg("severity", scan, *given, "--json", *words)
        assert answer.code == 0, answer.err
        return answer.json

    return call


@pytest.fixture
def named_series(dicom, tmp_path):
    """The phantom as a DICOM series that names a patient, in its file names too."""
    folder = tmp_path / "series"
    folder.mkdir()
    for number, path in enumerate(sorted(dicom.iterdir())):
        shutil.copy(path, folder / f"Mustermann_{number}.dcm")
    shutil.copy(folder / "Mustermann_0.dcm", folder / "Mustermann_again.dcm")
    (folder / "Mustermann.txt").write_text("a letter")
    for path in folder.glob("*.dcm"):
        header = dcmread(path)
        header.PatientName, header.PatientID = NAME, NUMBER
        header.PatientBirthDate, header.StudyDate = BORN, STUDIED
        header.save_as(path)
    return folder


def unpacked(content):
    """Bytes with the streams of a PDF unpacked, and its drawn words joined."""
    parts = [content]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S):
        try:
            parts.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_one_call_writes_every_format(covseg, scan, mask, lungs, tmp_path):
    out = tmp_path / "new"
    names = [out / f"report.{suffix}" for suffix in ("json", "csv", "html", "PDF")]
    words = [word for name in names for word in ("-o", name)]
    answer = covseg("severity", scan, "--mask", mask, "--lungs", lungs, *words)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("70.0 ml of 1000 ml lung are outlined as infected")
    assert f"wrote {names[3]}" in answer.out
    assert {path.name for path in out.iterdir()} == {name.name for name in names}
    document = json.loads(names[0].read_text())
    assert document["scores"]["pan_25"]["total"] == 7
    assert document["lungs"] == "given as a mask"
    (row,) = csv.DictReader(names[1].read_text().splitlines())
    assert row["pan_25_total"] == "7"
    assert row["mask_sha256"] == document["mask"]["sha256"]
    assert "7 of 30" in names[2].read_text()
    assert names[3].read_bytes().startswith(b"%PDF")


def test_without_a_mask_a_model_outlines_and_the_lungs_are_found(covseg, scan):
    answer = covseg("severity", scan, "--model", "hu-threshold", "--json")
    document = answer.json
    assert document["model"]["name"] == "hu-threshold"
    assert document["mask"]["kind"] == "model"
    assert document["opacity"]["right"]["lung_ml"] == pytest.approx(600, rel=0.02)
    assert document["lungs"] == "found by hu-threshold"


def test_a_manifest_beside_the_mask_tells_of_the_model(covseg, scan, tmp_path):
    target = tmp_path / "made.nii.gz"
    covseg("predict", scan, "-o", target, "--model", "hu-threshold")
    document = covseg("severity", scan, "--mask", target, "--json").json
    assert document["model"]["name"] == "hu-threshold"
    manifest = json.loads((tmp_path / "made.json").read_text())
    manifest["volumes_ml"]["ggo"] += 1
    (tmp_path / "made.json").write_text(json.dumps(manifest))
    assert covseg("severity", scan, "--mask", target, "--json").json["model"] is None


def test_the_manifest_of_another_mask_tells_nothing_of_this_one(
    covseg, scan, blocks, tmp_path
):
    target = tmp_path / "made.nii.gz"
    covseg("predict", scan, "-o", target, "--model", "hu-threshold")
    ones = (blocks.lesions.labels > 0).astype(np.uint8)
    words = "severity", scan, "--json", "--mask"
    for other in (target.with_name("made.nii"), target):
        write_nifti_labels(other, replace(blocks.lesions, labels=ones))
        told = covseg(*words, other).json
        assert told["opacity"]["both"]["lesion_ml"] == {"infection": pytest.approx(70)}
        assert told["model"] is None
        assert any("tells of another mask" in remark for remark in told["remarks"])


def test_the_manifest_of_a_mask_that_is_stored_otherwise_is_believed(
    covseg, scan, stored, tmp_path
):
    target = tmp_path / "made.nii.gz"
    covseg("predict", scan, "-o", target, "--model", "hu-threshold")
    made = read_nifti_labels(target, LESIONS)
    write_nifti_labels(
        target.with_name("made.nii"), stored(made, (2, 0, 1), (True, False, True))
    )
    target.unlink()
    told = covseg("severity", scan, "--mask", tmp_path / "made.nii", "--json").json
    assert told["model"]["name"] == "hu-threshold"


def test_a_manifest_that_names_no_mask_is_believed_as_before(covseg, scan, tmp_path):
    target = tmp_path / "made.nii.gz"
    covseg("predict", scan, "-o", target, "--model", "hu-threshold")
    manifest = json.loads((tmp_path / "made.json").read_text())
    del manifest["mask_sha256"]
    (tmp_path / "made.json").write_text(json.dumps(manifest))
    told = covseg("severity", scan, "--mask", target, "--json").json
    assert told["model"]["name"] == "hu-threshold"
    assert set(told["opacity"]["both"]["lesion_ml"]) == {"ggo", "consolidation"}


@pytest.mark.parametrize(
    "text", ['{"labels": {"background": 0, "infection": 1}}', '{"labels": 2}']
)
def test_json_of_another_program_tells_nothing_of_a_mask(
    measured, blocks, mask, tmp_path, text
):
    one = (blocks.lesions.labels > 0).astype(np.uint8)
    write_nifti_labels(mask, replace(blocks.lesions, labels=one))
    (tmp_path / "true.json").write_text(text)
    assert measured()["opacity"]["both"]["lesion_ml"] == {
        "infection": pytest.approx(70)
    }


def test_what_one_means_is_said_or_taken_as_any_infection(
    covseg, scan, lungs, blocks, tmp_path
):
    path = tmp_path / "one.nii.gz"
    one = (blocks.lesions.labels > 0).astype(np.uint8)
    write_nifti_labels(path, replace(blocks.lesions, labels=one, label_set=INFECTION))
    words = ("severity", scan, "--mask", path, "--lungs", lungs, "--json")
    both = covseg(*words).json["opacity"]["both"]["lesion_ml"]
    assert both == {"infection": pytest.approx(70)}
    both = covseg(*words, "--labels", "lesions").json["opacity"]["both"]["lesion_ml"]
    assert both == {"ggo": pytest.approx(70), "consolidation": 0}


def test_lobes_give_the_published_scores_in_any_order_of_voxels(
    covseg, scan, mask, blocks, stored, tmp_path
):
    labels = np.where(blocks.lungs.labels == 1, 3, 0).astype(np.uint8)
    labels[blocks.lungs.labels == 2] = 1
    labels[:8][labels[:8] == 3] = 5
    labels[:8][labels[:8] == 1] = 2
    lobes = LabelVolume(labels, blocks.ct.grid, LOBES)
    path = tmp_path / "lobes.nii.gz"
    answers = []
    for volume in (lobes, stored(lobes, (2, 0, 1), (0, 1, 1))):
        write_nifti_labels(path, volume)
        words = ("--mask", mask, "--lobes", path, "--json")
        answers.append(covseg("severity", scan, *words).json)
    first, second = answers
    assert first["regions"] == second["regions"]
    assert first["lungs"] == "joined from the lobes that were given"
    assert first["scores"]["lss"]["rung"] == "lobes"
    shares = {one["key"]: one["percent_opacity"] for one in first["regions"]}
    # 2 of 3 slices below: 200 of 1800 voxels; 3 of 7 above: 300 of 4200.
    assert shares["right_lower_lobe"] == pytest.approx(100 * 200 / 1800)
    assert shares["right_upper_lobe"] == pytest.approx(100 * 300 / 4200)
    assert shares["right_middle_lobe"] is None


def test_a_dicom_segmentation_is_mask_lungs_and_origin(covseg, dicom, blocks, tmp_path):
    ct = read_ct(dicom)
    path = tmp_path / "seg.dcm"
    origin = MaskOrigin("edited", "some-model", "e" * 64)
    masks = [replace(each, grid=ct.grid) for each in (blocks.lesions, blocks.lungs)]
    write_dicom_seg(path, ct, [TracedMask(each, origin) for each in masks])
    document = covseg("severity", dicom, "--mask", path, "--json").json
    assert document["opacity"]["both"]["lesion_ml"] == {
        "ggo": pytest.approx(50),
        "consolidation": pytest.approx(20),
    }
    assert document["opacity"]["right"]["lung_ml"] == pytest.approx(600)
    assert document["mask"]["kind"] == "edited"
    assert document["model"]["name"] == "some-model"


def test_a_readers_mask_adds_agreement(measured, mask):
    document = measured("--reader-mask", mask)
    assert document["agreement"]["overall"]["dsc"] == 1
    assert "agreement" not in measured()


def test_a_readers_mask_of_one_value_is_not_taken_for_ground_glass(
    measured, blocks, tmp_path
):
    path = tmp_path / "reader.nii.gz"
    one = (blocks.lesions.labels > 0).astype(np.uint8)
    write_nifti_labels(path, replace(blocks.lesions, labels=one, label_set=INFECTION))
    agreement = measured("--reader-mask", path)["agreement"]
    assert agreement["overall"]["dsc"] == 1
    assert agreement["classes"] == {}
    assert "The reader's mask does not tell classes apart" in agreement["remarks"][0]
    told = measured("--reader-mask", path, "--labels", "lesions")["agreement"]
    assert told["classes"]["ggo"]["dsc"] == pytest.approx(2 * 50 / (50 + 70))


def test_probabilities_add_intervals(measured, blocks, tmp_path):
    path = tmp_path / "prob.nii.gz"
    maps = np.stack([0.7 * (blocks.lesions.labels == value) for value in (1, 2)])
    write_nifti_probabilities(path, maps.astype(np.float32), blocks.ct.grid)
    both = measured("--probabilities", path)["interval"]["both"]
    assert both["infection_ml"]["expected"] == pytest.approx(49)
    assert both["infection_ml"]["low"] == 0


def test_probabilities_of_two_classes_go_with_a_mask_of_ground_glass_alone(
    measured, mask, blocks, tmp_path
):
    path = tmp_path / "prob.nii.gz"
    maps = np.stack([0.7 * (blocks.lesions.labels == value) for value in (1, 3)])
    write_nifti_probabilities(path, maps.astype(np.float32), blocks.ct.grid)
    labels = np.where(blocks.lesions.labels == 1, 1, 0).astype(np.uint8)
    write_nifti_labels(mask, replace(blocks.lesions, labels=labels))
    both = measured("--probabilities", path)["interval"]["both"]
    assert both["infection_ml"]["expected"] == pytest.approx(35)


def test_an_earlier_scan_adds_change(measured, scan, blocks, lungs, tmp_path):
    labels = np.where(blocks.lesions.labels == 1, 1, 0).astype(np.uint8)
    path = tmp_path / "old.nii.gz"
    write_nifti_labels(path, replace(blocks.lesions, labels=labels))
    words = ("--earlier", scan, "--earlier-mask", path, "--earlier-lungs", lungs)
    change = measured(*words, "--days", 10)["change"]
    assert change["days"] == 10
    assert change["volumes_ml"]["infection"]["difference"] == pytest.approx(20)
    assert change["volumes_ml"]["infection"]["per_day"] == pytest.approx(2)
    assert change["places"]["new_ml"] == pytest.approx(20)


def test_one_of_several_earlier_series_can_be_chosen(
    covseg, refused, scan, mask, lungs, blocks, tmp_path
):
    folder = tmp_path / "both"
    for number, shift in enumerate((0, 1)):
        ct = replace(blocks.ct, hu=blocks.ct.hu + np.float32(shift))
        write_dicom_series(ct, tmp_path / str(number))
        for path in sorted((tmp_path / str(number)).iterdir()):
            folder.mkdir(exist_ok=True)
            path.rename(folder / f"{number}_{path.name}")
    uid = dcmread(sorted(folder.glob("1_*"))[0]).SeriesInstanceUID
    words = ["severity", scan, "--mask", mask, "--lungs", lungs, "--json"]
    words += ["--earlier", folder, "--earlier-mask", mask, "--earlier-lungs", lungs]
    assert "2 CT series are here; choose one" in refused(3, *words)
    answer = covseg(*words, "--earlier-series", uid)
    assert answer.code == 0, answer.err
    assert answer.json["change"]["volumes_ml"]["infection"]["difference"] == 0
    line = refused(3, *words, "--earlier-series", "1.2.3")
    assert "no CT series here has the UID" in line


def test_a_readers_judgement_is_quoted(measured):
    document = measured("--co-rads", 5, "--rsna", "typical", "--note", "crazy paving")
    assert document["reader_judgement"] == {
        "co_rads": 5,
        "rsna": "typical",
        "note": "crazy paving",
    }


def test_no_report_holds_an_identifier_unless_asked_for(
    covseg, named_series, mask, lungs, tmp_path
):
    suffixes = ("json", "csv", "html", "pdf")
    for folder, more, count in (("plain", (), 4), ("named", ("--identifiers",), 3)):
        words = [
            word
            for suffix in suffixes[:count]
            for word in ("-o", tmp_path / folder / f"r.{suffix}")
        ]
        words += ["--mask", mask, "--lungs", lungs, *more]
        answer = covseg("severity", named_series, *words)
        assert answer.code == 0, answer.err
        assert "Mustermann" not in answer.out + answer.err
    values = ("Mustermann", "Erika", NUMBER, BORN, "1963-01-12", STUDIED, "2021-03-04")
    for suffix in suffixes:
        content = unpacked((tmp_path / "plain" / f"r.{suffix}").read_bytes())
        for value in values:
            assert value.encode() not in content, (suffix, value)
    plain = json.loads((tmp_path / "plain" / "r.json").read_text())
    assert "1 slices were there twice" in plain["input"]["notes"]
    assert "1 other files or series were left out" in plain["input"]["notes"]
    named = json.loads((tmp_path / "named" / "r.json").read_text())
    assert named["identifiers"]["patient_name"] == "Mustermann, Erika"
    assert "Mustermann, Erika" in (tmp_path / "named" / "r.html").read_text()
    # The table is for statistics and never names anybody.
    assert "Mustermann" not in (tmp_path / "named" / "r.csv").read_text()


def test_identifiers_need_a_dicom_header(refused, scan, tmp_path):
    line = refused(2, "severity", scan, "-o", tmp_path / "r.json", "--identifiers")
    assert "not read from DICOM" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a report to write after -o or --dicom, or --json"),
        (("-o", "r.docx"), "must end in .json, .csv, .html or .pdf"),
        (("-o", "r.pdf", "-o", "r.pdf"), "'r.pdf' is asked for twice"),
        (("--json", "--days", "3"), "--days goes with --earlier"),
        (("--json", "--earlier-series", "1.2"), "--earlier-series goes with --earl"),
        (("--json", "--labels", "lesions"), "give the mask, too"),
        (("--json", "--co-rads", "7"), "--co-rads: input should be less than or equal"),
        (("--json", "--earlier", "x.nii.gz", "--days", "0"), "a number above 0"),
        (("--json", "--encapsulated-pdf"), "go with --dicom"),
    ],
)
def test_wrong_usage_is_told_in_one_line(refused, scan, words, said):
    assert said in refused(2, "severity", scan, *words)


def test_options_that_would_be_ignored_are_refused(refused, scan, mask):
    words = ("severity", scan, "--json", "--mask", mask)
    assert "nothing is outlined" in refused(2, *words, "--model", "hu-threshold")
    assert "nothing is outlined" in refused(2, *words, "--threshold", "0.4")


def test_no_input_is_overwritten(refused, scan, mask, tmp_path):
    report = tmp_path / "reader.json"
    shutil.copy(mask, report)
    before = report.read_bytes()
    words = ("--mask", mask, "--reader-mask", report, "-o", report)
    assert "would replace an input" in refused(2, "severity", scan, *words)
    assert report.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        "--mask made.nii.gz",
        "--mask true.nii.gz --reader-mask made.nii.gz",
        "--mask true.nii.gz --earlier scan.nii.gz --earlier-mask made.nii.gz",
        "--probabilities made_prob.nii.gz",
    ],
)
def test_no_manifest_of_a_mask_that_is_read_is_overwritten(
    covseg, refused, scan, mask, tmp_path, monkeypatch, words
):
    monkeypatch.chdir(tmp_path)
    covseg("predict", scan, "-o", "made.nii.gz", "--model", "hu-threshold")
    shutil.copy("made.nii.gz", "made_prob.nii.gz")
    before = (tmp_path / "made.json").read_bytes()
    line = refused(2, "severity", scan, *words.split(), "-o", "made.json")
    assert "'made.json' would replace an input" in line
    assert (tmp_path / "made.json").read_bytes() == before


def test_a_report_beside_a_mask_may_be_written_again(covseg, scan, mask, lungs):
    report = mask.with_name("true.json")
    words = "severity", scan, "--mask", mask, "--lungs", lungs, "-o", report
    assert covseg(*words).code == 0
    assert covseg(*words).code == 0


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    refused, scan, tmp_path, monkeypatch
):
    def work(*_):
        raise AssertionError

    monkeypatch.setattr("covseg_core.cli.severity.collect_masks", work)
    (tmp_path / "file").touch()
    line = refused(1, "severity", scan, "-o", tmp_path / "file" / "r.json")
    assert "the folder 'file' could not be made" in line


def test_masks_that_do_not_fit_are_refused(refused, scan, mask, blocks, tmp_path):
    other = tmp_path / "other.nii.gz"
    grid = Grid.from_spacing(blocks.ct.grid.shape, (8, 5, 2))
    write_nifti_labels(other, replace(blocks.lungs, grid=grid))
    words = ("severity", scan, "--json", "--mask")
    told = "does not lie on the voxels of the scan"
    assert told in refused(3, *words, other, "--labels", "lesions")
    assert told in refused(3, *words, mask, "--lungs", other)
    assert told in refused(3, *words, mask, "--lobes", other)
    assert "could not be read" in refused(3, *words, tmp_path / "none.nii.gz")


@pytest.mark.parametrize("option", ["--mask", "--reader-mask", "--probabilities"])
def test_a_file_that_is_not_there_is_told_by_its_name(refused, scan, tmp_path, option):
    line = refused(3, "severity", scan, "--json", option, tmp_path / "none.nii.gz")
    assert line.endswith(
        "none.nii.gz could not be read: there is no such file. Check the name.\n"
    )
    assert str(tmp_path) not in line


def test_what_was_cleaned_in_a_mask_is_remarked(measured, mask):
    whole = measured()["opacity"]
    image = nib.load(mask)
    values = np.asarray(image.dataobj, np.float32) * 1.0001
    nib.save(nib.Nifti1Image(values, image.affine), mask)
    told = measured()
    assert told["opacity"] == whole
    assert any("were rounded" in remark for remark in told["remarks"])


def test_lungs_of_one_value_are_told_apart_and_that_is_said(measured, blocks, tmp_path):
    both = measured()
    assert both["lungs"] == "given as a mask"
    joined = tmp_path / "true_lungs.nii.gz"
    ones = (blocks.lungs.labels > 0).astype(np.uint8)
    write_nifti_labels(joined, replace(blocks.lungs, labels=ones))
    told = measured()
    assert told["opacity"] == both["opacity"]
    assert told["scores"] == both["scores"]
    assert "right and left told apart by place" in told["lungs"]


def test_of_one_lung_alone_it_is_not_said_that_disease_is_unilateral(
    measured, blocks, lungs
):
    right = np.where(blocks.lungs.labels == 1, blocks.lungs.labels, 0)
    write_nifti_labels(lungs, replace(blocks.lungs, labels=right))
    told = measured()
    assert told["lungs"] == "given as a mask"
    assert told["distribution"]["laterality"] is None
    assert told["opacity"]["left"]["percent_opacity"] is None
    assert "The lung mask has no left lung." in told["summary"]
    assert not any("unilateral" in sentence for sentence in told["summary"])


def test_an_empty_lung_mask_is_refused(refused, scan, mask, blocks, tmp_path):
    empty = tmp_path / "empty.nii.gz"
    labels = np.zeros_like(blocks.lungs.labels)
    write_nifti_labels(empty, replace(blocks.lungs, labels=labels))
    line = refused(3, "severity", scan, "--json", "--mask", mask, "--lungs", empty)
    assert "lung mask is empty" in line

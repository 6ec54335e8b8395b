from __future__ import annotations

import json
import shutil
from dataclasses import replace

import nibabel as nib
import nrrd
import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.io import read_ct
from covseg_core.io.dicom.seg import read_dicom_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.metrics import dice
from covseg_core.registry.home import models_folder

BASELINE = "--model", "hu-threshold"


def voxels(path):
    """Labels as (Z, Y, X), by another reader than ours."""
    return np.asarray(nib.load(path).dataobj).T


def test_the_baseline_outlines_a_scan_from_file_to_file(covseg, scan, tmp_path, blocks):
    target = tmp_path / "new" / "mask.nii.gz"
    answer = covseg("predict", scan, "-o", target, *BASELINE)
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.startswith(f"{target}\n  ggo ")
    mask, ct = nib.load(target), nib.load(scan)
    np.testing.assert_allclose(mask.affine, ct.affine, atol=1e-3)
    assert mask.shape == ct.shape
    assert mask.get_data_dtype() == np.uint8
    assert dice(voxels(target), blocks.lesions.labels) > 0.85
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "mask.json",
        "mask.nii.gz",
    ]


def test_the_manifest_lies_beside_the_mask_and_is_what_json_prints(
    covseg, scan, tmp_path
):
    target = tmp_path / "mask.nii"
    document = covseg("predict", scan, "-o", target, *BASELINE, "--json").json
    assert document.pop("output") == str(target)
    assert document == json.loads((tmp_path / "mask.json").read_text())
    assert document["model"]["name"] == "hu-threshold"
    assert document["volumes_ml"]["ggo"] == pytest.approx(50, rel=0.2)
    assert document["opacity"]["right"]["lung_ml"] == pytest.approx(600)


def test_dicom_and_nifti_of_one_scan_give_one_mask_and_one_hash(
    covseg, scan, dicom, tmp_path
):
    out = tmp_path / "out"
    documents = covseg("predict", scan, dicom, "-o", out, *BASELINE, "--json").json
    assert len(documents) == 2
    assert len({each["input"]["sha256"] for each in documents}) == 1
    of_nifti, of_dicom = (nib.load(each["output"]) for each in documents)
    np.testing.assert_allclose(of_nifti.affine, of_dicom.affine, atol=1e-3)
    np.testing.assert_array_equal(of_nifti.dataobj, of_dicom.dataobj)
    assert {path.name for path in out.iterdir()} == {
        "scan.json",
        "scan.nii.gz",
        f"{dicom.name}.json",
        f"{dicom.name}.nii.gz",
    }


def test_a_network_from_the_users_store_writes_mask_and_probabilities(
    covseg, scan, tiny_model, tmp_path
):
    words = ["--model", tiny_model, "--engine", "torch", "--device", "cpu"]
    words += ["--probabilities", "--threshold", "0.0", "--batch-size", "4"]
    document = covseg(
        "predict", scan, "-o", tmp_path / "m.nii.gz", *words, "--json"
    ).json
    assert (document["device"], document["engine"]) == ("cpu", "torch")
    assert document["model"]["threshold"] == 0.0
    assert document["labels"] == {"infection": 1}
    image = nib.load(tmp_path / "m_prob.nii.gz")
    assert image.shape == (112, 48, 20, 1)
    assert image.get_data_dtype() == np.float32
    np.testing.assert_allclose(image.affine, nib.load(scan).affine, atol=1e-3)
    probability = np.asarray(image.dataobj)[..., 0].T
    assert probability.min() >= 0
    assert probability.max() <= 1
    # Every pixel that the network was shown exceeds a threshold of 0.
    np.testing.assert_array_equal(probability > 0, voxels(tmp_path / "m.nii.gz") == 1)
    assert (probability[5:15, 14:38, 18:88] > 0).all()


def test_the_users_lungs_are_taken_in_place_of_ours(covseg, scan, lungs, tmp_path):
    image = nib.load(lungs)
    right = (np.asarray(image.dataobj) == 1).astype(np.uint8)
    nib.save(nib.Nifti1Image(right, image.affine), tmp_path / "right.nii.gz")
    words = "-o", tmp_path / "m.nii.gz", "--lungs", tmp_path / "right.nii.gz", *BASELINE
    document = covseg("predict", scan, *words, "--json").json
    assert document["opacity"]["left"]["percent_opacity"] is None
    assert document["volumes_ml"]["consolidation"] == 0
    assert document["volumes_ml"]["ggo"] > 30


def test_lungs_may_be_stored_in_another_order_or_as_dicom(
    covseg, dicom, lungs, blocks, stored, tmp_path
):
    words = "predict", dicom, "-o", tmp_path / "m.nii.gz", *BASELINE, "--lungs"
    plain = covseg(*words, lungs, "--json").json["opacity"]
    turned, seg = tmp_path / "turned.nii.gz", tmp_path / "lungs.dcm"
    write_nifti_labels(turned, stored(blocks.lungs, (2, 0, 1), (0, 1, 1)))
    ct = read_ct(dicom)
    mask = replace(blocks.lungs, grid=ct.grid)
    write_dicom_seg(seg, ct, [TracedMask(mask, MaskOrigin("manual"))])
    for path in (turned, seg):
        answer = covseg(*words, path, "--json")
        assert answer.code == 0, answer.err
        assert answer.json["opacity"] == plain


def test_without_a_model_the_promoted_one_runs(covseg, refused, scan, tmp_path):
    covseg("models", "promote", "hu-threshold")
    words = "predict", scan, "-o", tmp_path / "m.nii.gz"
    assert covseg(*words, "--json").json["model"]["name"] == "hu-threshold"
    (models_folder() / "promoted.json").write_text("{")
    assert "promoted.json" in refused(4, *words)
    assert covseg(*words, *BASELINE).code == 0


def test_the_format_of_a_mask_can_be_said(covseg, refused, scan, tmp_path):
    words = "predict", scan, "-o", tmp_path / "out", *BASELINE, "--format"
    assert covseg(*words, "nifti").code == 0
    assert (tmp_path / "out" / "scan.nii.gz").is_file()
    assert "nifti" in refused(2, *words, "photograph")


@pytest.mark.parametrize(
    ("name", "kind"), [("dicom-seg", "BINARY"), ("dicom-seg-labelmap", "LABELMAP")]
)
def test_a_dicom_series_gets_a_segmentation_that_holds_the_same_mask(
    covseg, dicom, tmp_path, name, kind
):
    plain, seg = tmp_path / "m.nii.gz", tmp_path / "m.dcm"
    document = covseg("predict", dicom, "-o", plain, *BASELINE, "--json").json
    words = "-o", seg, *BASELINE, "--format", name
    assert covseg("predict", dicom, *words).code == 0
    assert dcmread(seg).SegmentationType == kind
    ct = read_ct(dicom)
    mask = read_dicom_seg(seg, ct).lesions
    assert np.array_equal(mask.labels, voxels(plain))
    assert json.loads((tmp_path / "m.json").read_text())["model"] == document["model"]
    # A label map describes its background too.
    *_, segment = dcmread(seg).SegmentSequence
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert segment.SegmentAlgorithmName == "hu-threshold"


def test_scans_get_masks_for_3d_slicer_in_a_folder(covseg, scan, dicom, tmp_path):
    words = "-o", tmp_path / "out", *BASELINE, "--format", "nrrd"
    assert covseg("predict", scan, dicom, *words).code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "scan.json",
        "scan.seg.nrrd",
        f"{dicom.name}.json",
        f"{dicom.name}.seg.nrrd",
    }
    labels, header = nrrd.read(str(tmp_path / "out" / "scan.seg.nrrd"))
    assert header["Segment0_Name"] == "Ground-glass opacity"
    assert labels.any()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ["-o", "m.dcm", *BASELINE, "--format", "dicom-seg"],
            2,
            "was not read from DICOM",
        ),
        (
            ["-o", "m.nii.gz", *BASELINE, "--format", "nrrd"],
            2,
            "'m.nii.gz' must be a .seg.nrrd or a folder",
        ),
        (
            ["-o", "m", *BASELINE, "--format", "nrrd", "--slices8bit"],
            2,
            "--format does not go with --slices8bit",
        ),
        (
            ["-o", "m.nii.gz", "--model", "absent"],
            4,
            "there is no model 'absent'; there",
        ),
        (["-o", "m.png", *BASELINE], 2, "'m.png' must be a .nii.gz or a folder"),
        (["-o", "m.nrrd", *BASELINE], 2, "'m.nrrd' must be a .nii.gz or a folder"),
        (["-o", "m", *BASELINE, "--slices8bit", "--series", "1"], 2, "do not go with"),
        (["-o", "m", *BASELINE, "--series", "1.2"], 2, "a NIfTI file holds one series"),
        (
            ["-o", "m", *BASELINE, "--lungs", "absent.nii"],
            3,
            "absent.nii could not be r",
        ),
        (["-o", "m", "--slices8bit", *BASELINE], 3, "hu-threshold needs a CT in Houns"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    words, code, sentence, refused, scan, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*.nii.gz"))
    assert sentence in refused(code, "predict", scan, *words)
    assert set(tmp_path.rglob("*.nii.gz")) == before


def test_a_missing_scan_is_refused_by_its_own_name(refused, tmp_path):
    path = tmp_path / "secret" / "absent.nii.gz"
    line = refused(3, "predict", path, "-o", tmp_path / "m.nii.gz", *BASELINE)
    assert line == "covseg: there is no file or folder 'absent.nii.gz'.\n"


def test_a_cuda_device_that_is_not_there_is_wrong_usage(
    refused, scan, tiny_model, tmp_path, monkeypatch
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    words = "--model", tiny_model, "--device", "cuda:5"
    line = refused(2, "predict", scan, "-o", tmp_path / "m.nii.gz", *words)
    assert "there is no device 'cuda:5'" in line


def test_a_changed_model_is_refused(refused, scan, tiny_model, covseg_home, tmp_path):
    with (covseg_home / "models" / "tiny" / "weights.safetensors").open("ab") as file:
        file.write(b"\0")
    line = refused(
        4, "predict", scan, "-o", tmp_path / "m.nii.gz", "--model", tiny_model
    )
    assert "are not the ones that its card names" in line


def test_lungs_of_another_scan_are_refused(refused, scan, tmp_path):
    nib.save(
        nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)), tmp_path / "l.nii"
    )
    words = "--lungs", tmp_path / "l.nii", *BASELINE
    line = refused(3, "predict", scan, "-o", tmp_path / "m.nii.gz", *words)
    assert "does not lie on the voxels of the scan" in line
    assert not (tmp_path / "m.nii.gz").exists()


def test_two_scans_do_not_fit_into_one_file_or_under_one_name(refused, scan, tmp_path):
    other = tmp_path / "other" / "scan.nii.gz"
    other.parent.mkdir()
    shutil.copy(scan, other)
    line = refused(2, "predict", scan, other, "-o", tmp_path / "m.nii.gz", *BASELINE)
    assert "2 scans do not fit into one file; give a folder after -o" in line
    line = refused(2, "predict", scan, other, "-o", tmp_path / "out", *BASELINE)
    assert "two scans would both be written to 'scan.nii.gz'" in line
    assert not (tmp_path / "out").exists()


def test_no_result_replaces_an_input(refused, scan, lungs, tmp_path):
    named = tmp_path / "m_prob.nii.gz"
    shutil.copy(scan, named)
    before = {path: path.read_bytes() for path in (scan, lungs, named)}
    for words in (
        [scan, "-o", scan],
        [scan, "-o", tmp_path],
        [scan, "-o", lungs, "--lungs", lungs],
        [named, "-o", tmp_path / "m.nii.gz", "--probabilities"],
    ):
        assert "would replace an input" in refused(2, "predict", *words, *BASELINE)
    assert {path: path.read_bytes() for path in before} == before


def test_a_segmentation_replaces_no_slice_of_its_series(refused, dicom, tmp_path):
    folder = shutil.copytree(dicom, tmp_path / "series")
    first = sorted(folder.iterdir())[0]
    before = first.read_bytes()
    for scan in (folder, sorted(folder.iterdir())[1]):
        words = scan, "-o", first, *BASELINE, "--format", "dicom-seg"
        line = refused(2, "predict", *words)
        assert f"{first.name!r} would replace an input" in line
    assert first.read_bytes() == before


@pytest.mark.parametrize("text", ['{"KVP": 120}', "[]", "no JSON"])
def test_a_manifest_replaces_no_json_of_another_program(refused, scan, tmp_path, text):
    beside = tmp_path / "scan.json"
    beside.write_text(text)
    words = scan, "-o", tmp_path, *BASELINE, "--format", "nrrd"
    line = refused(2, "predict", *words)
    assert "'scan.json' is there already and is not a manifest of covseg" in line
    assert beside.read_text() == text
    assert not (tmp_path / "scan.seg.nrrd").exists()


def test_an_older_mask_is_replaced(covseg, scan, tmp_path):
    target = tmp_path / "mask.nii.gz"
    target.write_text("older")
    for _ in range(2):
        assert covseg("predict", scan, "-o", target, *BASELINE).code == 0
    assert voxels(target).any()


def test_a_folder_that_cannot_be_made_is_told_before_the_work(refused, scan, tmp_path):
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "mask.nii.gz"
    line = refused(1, "predict", scan, "-o", target, *BASELINE)
    assert "the folder 'file' could not be made: File exists" in line


def test_a_picture_without_its_flag_is_told_which_flag(refused, tmp_path):
    (tmp_path / "a.png").touch()
    line = refused(2, "predict", tmp_path / "a.png", "-o", tmp_path / "out", *BASELINE)
    assert "'a.png' is a picture; add --slices8bit" in line


def test_stopping_halfway_leaves_no_mask(refused, scan, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("covseg_core.inference.lungs.find_lungs", stop)
    line = refused(130, "predict", scan, "-o", tmp_path / "m.nii.gz", *BASELINE)
    assert line == "covseg: stopped.\n"
    assert not (tmp_path / "m.nii.gz").exists()


def test_uncertainty_lies_beside_the_mask_and_its_score_in_the_manifest(
    covseg, scan, lungs, tiny_model, tmp_path
):
    words = ["predict", scan, "-o", tmp_path / "m.nii.gz", "--model", tiny_model]
    words += ["--engine", "torch", "--device", "cpu", "--lungs", lungs]
    words += ["--uncertainty", "--predictions", "3", "--json"]
    found = covseg(*words).json["uncertainty"]
    image = nib.load(tmp_path / "m_uncertainty.nii.gz")
    assert image.shape == (112, 48, 20)
    assert image.get_data_dtype() == np.float32
    np.testing.assert_allclose(image.affine, nib.load(scan).affine, atol=1e-3)
    inside = voxels(lungs) > 0
    assert found["way"] == "augment"
    assert found["predictions"] == 3
    assert found["slices"][3] is None
    assert found["slices"][8] == pytest.approx(
        voxels(tmp_path / "m_uncertainty.nii.gz")[8][inside[8]].mean(), abs=1e-4
    )


def test_a_model_that_is_never_unsure_is_refused(refused, scan, tmp_path):
    line = refused(
        2, "predict", scan, "-o", tmp_path / "m.nii.gz", *BASELINE, "--uncertainty"
    )
    assert "hu-threshold has no network, so it is never unsure." in line
    assert not (tmp_path / "m.nii.gz").exists()


def test_settings_of_uncertainty_are_not_ignored_in_silence(refused, scan, tmp_path):
    words = "predict", scan, "-o", tmp_path / "m.nii.gz", "--predictions", "4"
    assert "go with --uncertainty" in refused(2, *words)

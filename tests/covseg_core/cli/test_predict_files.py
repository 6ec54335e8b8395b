from __future__ import annotations

import json
from pathlib import Path

import pytest

from covseg_core.cli.predict_files import (
    beside,
    manifests_with,
    read_manifest,
    refuse_foreign,
    remove_earlier,
)
from covseg_core.errors import OutputError, UsageError

BASELINE = "--model", "hu-threshold"
OURS = {"covseg": "1", "labels": {"infection": 1}}
MAPS = "_prob.nii.gz", "_uncertainty.nii.gz"


@pytest.fixture
def run(tmp_path):
    """A mask, its manifest and its maps; gives the mask."""
    (tmp_path / "m.json").write_text(json.dumps(OURS))
    for name in ("m.nii.gz", "m_prob.nii.gz", "m_uncertainty.nii.gz"):
        (tmp_path / name).touch()
    return tmp_path / "m.nii.gz"


@pytest.mark.parametrize(
    ("mask", "ending", "name"),
    [
        ("m.nii.gz", ".json", "m.json"),
        ("m.nii", "_prob.nii.gz", "m_prob.nii.gz"),
        ("m.png", ".npy", "m.npy"),
        ("m.1.2.nii.gz", ".json", "m.1.2.json"),
        ("m.dcm", ".json", "m.json"),
        ("m.seg.nrrd", "_prob.nii.gz", "m_prob.nii.gz"),
    ],
)
def test_files_are_named_after_their_mask(mask, ending, name):
    assert beside(Path("folder") / mask, ending) == Path("folder") / name


@pytest.mark.parametrize(
    "text",
    [
        '{"labels": {"infection": 1}}',
        '{"covseg": "1"}',
        '{"covseg": "1", "labels": 2}',
        "[1]",
        "no JSON",
        b"\xff",
    ],
)
def test_what_another_program_wrote_is_no_manifest(tmp_path, text):
    path = tmp_path / "m.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert read_manifest(path) == {}
    assert read_manifest(tmp_path / "absent.json") == {}


def test_a_manifest_is_read(run):
    assert read_manifest(run.with_name("m.json")) == OURS


def test_manifests_are_found_beside_masks_and_their_maps(run, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.nii.gz").touch()
    (tmp_path / "other.json").write_text('{"dice": 1}')
    manifest = tmp_path / "m.json"
    for name in ("m.nii.gz", "m_prob.nii.gz"):
        assert manifests_with([tmp_path / name]) == [manifest]
    assert (
        manifests_with([Path(), tmp_path / "folder", tmp_path / "other.nii.gz"]) == []
    )


def test_what_a_run_left_is_removed_but_for_its_mask(run, tmp_path):
    (tmp_path / "m_notes.txt").touch()
    remove_earlier(run, MAPS)
    assert {path.name for path in tmp_path.iterdir()} == {"m.nii.gz", "m_notes.txt"}
    remove_earlier(tmp_path / "absent.nii.gz", MAPS)


def test_maps_of_another_program_are_neither_removed_nor_joined(run, tmp_path):
    refuse_foreign(run, MAPS)
    (tmp_path / "m.json").unlink()
    remove_earlier(run, MAPS)
    assert (tmp_path / "m_prob.nii.gz").exists()
    with pytest.raises(UsageError, match=r"'m_prob\.nii\.gz' is there already without"):
        refuse_foreign(run, MAPS)


def test_what_cannot_be_removed_is_told(run, tmp_path):
    (tmp_path / "m_prob.nii.gz").unlink()
    (tmp_path / "m_prob.nii.gz").mkdir()
    with pytest.raises(OutputError, match=r"'m_prob\.nii\.gz' of an earlier run could"):
        remove_earlier(run, MAPS)
    assert (tmp_path / "m.json").exists()


@pytest.mark.parametrize("target", ["out", "out/scan.nii.gz"])
def test_after_a_run_only_its_own_files_carry_its_name(
    covseg, scan, tiny_model, tmp_path, target
):
    words = "predict", scan, "-o", tmp_path / target, "--model"
    maps = "--engine", "torch", "--probabilities", "--uncertainty", "--predictions", "2"
    assert covseg("predict", scan, "-o", tmp_path / "out", *BASELINE).code == 0
    assert covseg(*words, tiny_model, *maps).code == 0
    own = {"scan.nii.gz", "scan.json"}
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == own | {"scan_prob.nii.gz", "scan_uncertainty.nii.gz"}
    assert covseg(*words, "hu-threshold").code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == own


def test_a_segmentation_keeps_no_maps_of_an_earlier_run(
    covseg, dicom, tiny_model, tmp_path
):
    words = "predict", dicom, "-o", tmp_path / "m.dcm", "--format", "dicom-seg"
    maps = "--model", tiny_model, "--engine", "torch", "--probabilities"
    assert covseg(*words, *maps).code == 0
    assert (tmp_path / "m_prob.nii.gz").is_file()
    assert covseg(*words, *BASELINE).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"m.dcm", "m.json"}


def test_no_run_joins_maps_of_another_program(refused, scan, tmp_path):
    foreign = tmp_path / "m_prob.nii.gz"
    foreign.write_text("not ours")
    line = refused(2, "predict", scan, "-o", tmp_path / "m.nii.gz", *BASELINE)
    assert "'m_prob.nii.gz' is there already without a manifest of covseg" in line
    assert foreign.read_text() == "not ours"
    assert not (tmp_path / "m.nii.gz").exists()


def test_the_mask_of_another_scan_stays_though_it_is_named_like_a_map(run):
    beside(run, "_prob.json").write_text(json.dumps(OURS))
    remove_earlier(run, MAPS)
    assert beside(run, "_prob.nii.gz").is_file()
    assert not beside(run, "_uncertainty.nii.gz").exists()
    assert not beside(run, ".json").exists()

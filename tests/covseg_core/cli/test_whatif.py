from __future__ import annotations

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from covseg_core.inference import whatif_files
from covseg_core.io.nifti import read_nifti_ct, write_nifti_labels
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import LesionMask

ALWAYS = {
    "SYNTHETIC_outside.nii.gz",
    "SYNTHETIC_healthy.nii.gz",
    "SYNTHETIC_ggo.nii.gz",
    "SYNTHETIC_consolidation.nii.gz",
    "SYNTHETIC_reconstruction.nii.gz",
    "tissue.nii.gz",
    "lesions.nii.gz",
    "whatif.json",
}
TINY_STICHNET = {
    "backbone": "test_efficientnet.r160_in1k",
    "widths": (4, 4, 6, 6, 8),
    "decoder_width": 4,
}


@pytest.fixture(scope="module")
def network(one_thread):
    import torch

    from covseg_core.models import create_model

    torch.manual_seed(5)
    return create_model("stichnet", **TINY_STICHNET)


@pytest.fixture
def stichnet(covseg_home, network):
    """A StichNet of random weights in the user's store; gives its name."""
    from covseg_core.registry.card import ModelCard
    from covseg_core.registry.weights import save_model
    from covseg_core.transforms.prepare import Prepare

    card = ModelCard(
        name="styles",
        summary="Never trained.",
        architecture="stichnet",
        arguments=TINY_STICHNET,
        label_set="lesions",
        prepare=Prepare(size=64, mean=(0, 0, 0), std=(1, 1, 1)),
    )
    save_model(covseg_home / "models" / "styles", card, network.state_dict())
    return "styles"


@pytest.fixture
def whatif(covseg, stichnet, lungs):
    def call(*words):
        options = "--model", stichnet, "--device", "cpu", "--lungs", lungs
        return covseg("whatif", *words, *options)

    return call


@pytest.fixture
def mask(blocks, tmp_path):
    """Where to paint: a patch of healthy lung."""
    labels = np.zeros(blocks.ct.grid.shape, np.uint8)
    labels[8:10, 17:20, 28:34] = 1
    write_nifti_labels(tmp_path / "paint.nii.gz", LesionMask(labels, blocks.ct.grid))
    return tmp_path / "paint.nii.gz"


def test_styles_labels_and_list_are_written_and_each_style_is_marked(
    whatif, scan, blocks, tmp_path
):
    answer = whatif(scan, "-o", tmp_path / "new" / "out", "--json")
    assert (answer.code, answer.err) == (0, "")
    folder = tmp_path / "new" / "out"
    assert {path.name for path in folder.iterdir()} == ALWAYS
    document = json.loads((folder / "whatif.json").read_text())
    assert answer.json == {"output": str(folder)} | document
    assert document["synthetic"] is True
    assert document["model"]["name"] == "styles"
    assert len(document["model"]["weights_sha256"]) == 64
    assert document["input"]["sha256"] == hash_ct(blocks.ct)
    assert set(document["files"]) == ALWAYS - {"whatif.json"}
    for name in (name for name in ALWAYS if name.startswith("SYNTHETIC_")):
        made = read_nifti_ct(folder / name)
        assert made.source.is_synthetic
        assert made.grid.matches(blocks.ct.grid)
        assert hash_ct(made) == document["files"][name]
    tissue = np.asarray(nib.load(folder / "tissue.nii.gz").dataobj)
    assert set(np.unique(tissue)) <= {0, 1, 2, 3}


def test_a_lesion_is_painted_and_severity_varied(whatif, scan, mask, blocks, tmp_path):
    out = tmp_path / "out"
    words = "--mask", mask, "--tissue", "consolidation", "--severity", "1"
    answer = whatif(scan, "-o", out, *words)
    assert answer.code == 0
    assert "SYNTHETIC_painted.nii.gz" in answer.out
    painted = read_nifti_ct(out / "SYNTHETIC_painted.nii.gz").hu
    where = np.asarray(nib.load(mask).dataobj).T > 0
    # 2.5 mm to the next voxel is more than the soft border.
    np.testing.assert_array_equal(painted[~where], blocks.ct.hu[~where])
    assert (painted[where] > blocks.ct.hu[where]).all()
    change = np.asarray(nib.load(out / "SYNTHETIC_painted_difference.nii.gz").dataobj).T
    np.testing.assert_allclose(change, painted - blocks.ct.hu, atol=0.01)
    varied = read_nifti_ct(out / "SYNTHETIC_severity.nii.gz")
    np.testing.assert_array_equal(varied.hu, blocks.ct.hu)
    document = json.loads((out / "whatif.json").read_text())
    assert document["painted"] == "consolidation"
    assert document["stitching"]["severity"] == 1
    assert len(document["files"]) == len(ALWAYS) - 1 + 4


def test_another_run_leaves_no_scan_of_the_one_before_unlisted(
    whatif, scan, mask, tmp_path
):
    out = tmp_path / "out"
    assert whatif(scan, "-o", out, "--mask", mask, "--severity", "0").code == 0
    (out / "SYNTHETIC_mine.nii.gz").touch()
    document = json.loads((out / "whatif.json").read_text())
    document["files"] |= {"SYNTHETIC_mine.nii.gz": "", "../paint.nii.gz": ""}
    (out / "whatif.json").write_text(json.dumps(document))
    assert whatif(scan, "-o", out, "--severity", "2").code == 0
    names = {path.name for path in out.iterdir()} - {"SYNTHETIC_mine.nii.gz"}
    assert set(json.loads((out / "whatif.json").read_text())["files"]) == names - {
        "whatif.json"
    }
    assert "SYNTHETIC_painted.nii.gz" not in names
    assert (out / "SYNTHETIC_mine.nii.gz").exists()
    assert mask.exists()


def test_a_scan_of_an_earlier_run_is_not_removed_while_it_is_read(
    whatif, scan, mask, tmp_path
):
    out = tmp_path / "out"
    assert whatif(scan, "-o", out, "--mask", mask).code == 0
    painted = out / "SYNTHETIC_painted.nii.gz"
    answer = whatif(painted, "-o", out)
    assert answer.code == 2
    assert "'SYNTHETIC_painted.nii.gz' would replace an input" in answer.err
    assert painted.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', "{}"])
def test_a_list_that_cannot_be_read_keeps_no_run_from_the_folder(
    whatif, scan, tmp_path, text
):
    (tmp_path / "whatif.json").write_text(text)
    assert whatif(scan, "-o", tmp_path).code == 0


def test_no_case_store_takes_a_synthetic_scan_unless_told_to(
    whatif, refused, covseg, scan, tmp_path
):
    whatif(scan, "-o", tmp_path / "out")
    made = tmp_path / "out" / "SYNTHETIC_healthy.nii.gz"
    words = "cases", "add", tmp_path / "store", "--ct", made
    assert "this scan is synthetic" in refused(3, *words)
    # Other programs drop the mark; the list beside the file still tells.
    image = nib.load(made)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine), made)
    assert "this scan is synthetic" in refused(3, *words)
    assert covseg(*words, "--allow-synthetic").code == 0
    record = json.loads((tmp_path / "store" / "case-0001" / "case.json").read_text())
    assert "true" in json.dumps(record)


def test_wrong_words_are_refused_before_any_work(
    refused, whatif, stichnet, scan, mask, tmp_path
):
    out = tmp_path / "out"
    given = "whatif", scan, "-o", out, "--model", stichnet
    assert "give one with --mask" in refused(2, *given, "--tissue", "ggo")
    assert "less than or equal to 2" in refused(2, *given, "--severity", "2.5")
    assert "must be a folder" in refused(2, *given[:3], tmp_path / "a.nii.gz")
    Image.new("L", (64, 64)).save(tmp_path / "slice.png")
    line = refused(3, "whatif", tmp_path / "slice.png", *given[2:])
    assert "'slice.png' is a picture without Hounsfield units" in line
    assert not out.exists()
    line = refused(4, *given[:4], "--model", "infnet-small")
    assert "infnet-small is of the architecture 'infnet'" in line


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    refused, stichnet, scan, tmp_path, monkeypatch
):
    def work(*_):
        raise AssertionError

    monkeypatch.setattr("covseg_core.inference.whatif.imagine", work)
    (tmp_path / "file").touch()
    words = "whatif", scan, "-o", tmp_path / "file" / "out", "--model", stichnet
    assert "the folder 'out' could not be made" in refused(1, *words)


def test_an_input_is_not_overwritten(refused, stichnet, scan, tmp_path):
    own = tmp_path / "SYNTHETIC_ggo.nii.gz"
    scan.rename(own)
    line = refused(2, "whatif", own, "-o", tmp_path, "--model", stichnet)
    assert "would replace an input" in line


def test_a_stopped_run_leaves_whole_files_and_no_list(
    whatif, scan, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    assert whatif(scan, "-o", out).code == 0
    write = whatif_files.write_nifti_ct

    def stop_at_ggo(path, ct):
        if "ggo" in path.name:
            raise KeyboardInterrupt
        write(path, ct)

    monkeypatch.setattr(whatif_files, "write_nifti_ct", stop_at_ggo)
    assert whatif(scan, "-o", out).code == 130
    assert {path.name for path in out.iterdir()} == ALWAYS - {"whatif.json"}


def test_a_mask_outside_the_lungs_leaves_nothing_behind(
    whatif, scan, mask, blocks, tmp_path
):
    labels = np.zeros(blocks.ct.grid.shape, np.uint8)
    labels[0] = 1
    nowhere = replace(blocks.lesions, labels=labels)
    write_nifti_labels(tmp_path / "nowhere.nii.gz", nowhere)
    out = tmp_path / "out"
    answer = whatif(scan, "-o", out, "--mask", tmp_path / "nowhere.nii.gz")
    assert answer.code == 3
    assert "no voxel of the mask lies in the box around the lungs" in answer.err
    assert list(out.iterdir()) == []

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.inference.config import PredictSettings
from covseg_core.inference.manifest import describe_run, describe_slice_run, hash_ct
from covseg_core.inference.predict import Prediction, make_slice_outliner
from covseg_core.io.nifti import read_nifti_ct, write_nifti_ct
from covseg_core.registry.store import find_model
from covseg_core.volume import Grid, Source

SETTINGS = PredictSettings(device="cpu", engine="torch", threshold=0.25)


@pytest.fixture
def card():
    return find_model("hu-threshold").card


@pytest.fixture
def prediction(blocks):
    return Prediction(
        lesions=blocks.lesions,
        lungs=blocks.lungs,
        probabilities=None,
        device="cpu",
        engine="none",
        seconds=1.23456,
        notes=("memory ran out",),
    )


def test_a_run_is_told_in_plain_values(blocks, prediction, card):
    document = describe_run(blocks.ct, prediction, card, SETTINGS)
    told = json.loads(json.dumps(document, allow_nan=False))
    assert told["warning"] == "For research use only; not for diagnosis."
    assert told["model"]["name"] == "hu-threshold"
    assert told["model"]["threshold"] == 0.25
    assert told["labels"] == {"ggo": 1, "consolidation": 2}
    assert told["settings"]["smallest_ml"] == SETTINGS.smallest_ml
    assert told["input"]["shape_zyx"] == [20, 48, 112]
    assert told["input"]["spacing_mm_zyx"] == pytest.approx([8, 5, 2.5])
    assert (told["device"], told["engine"], told["seconds"]) == ("cpu", "none", 1.235)
    assert told["volumes_ml"] == pytest.approx({"ggo": 50, "consolidation": 20})
    assert told["opacity"]["both"]["percent_opacity"] == pytest.approx(7)
    assert told["notes"] == ["memory ran out"]
    assert {"python", "torch", "numpy"} <= set(told["versions"])
    assert told["created_utc"].endswith("+00:00")


def test_a_run_without_lungs_tells_no_shares(blocks, prediction, card):
    document = describe_run(blocks.ct, replace(prediction, lungs=None), card, SETTINGS)
    assert "opacity" not in document
    assert document["volumes_ml"]["ggo"] == pytest.approx(50)


def test_no_path_and_no_identifier_is_told(blocks, prediction, card):
    source = Source(
        "dicom",
        paths=("/home/DOE^JANE/im1.dcm",),
        series_uid="1.2.3.4.5",
        ignored=("DOE^JANE.txt: no DICOM",),
        details={"patient": "DOE^JANE"},
    )
    ct = replace(blocks.ct, source=source)
    text = json.dumps(describe_run(ct, prediction, card, SETTINGS))
    assert "DOE" not in text
    assert "1.2.3.4.5" not in text
    assert "/home" not in text


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nii"])
def test_a_scan_has_one_hash_in_memory_and_as_nifti(blocks, tmp_path, name):
    # In float32 a spacing of 0.785 mm rounds up, in float64 down.
    affine = np.diag([0.785, 0.785, 1.1, 1.0])
    affine[:3, 3] = -123.455, -98.76543, 17.00005
    ct = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    write_nifti_ct(tmp_path / name, ct)
    assert hash_ct(read_nifti_ct(tmp_path / name)) == hash_ct(ct)


@pytest.mark.parametrize(
    ("order", "flips"), [((0, 1, 2), (True, False, True)), ((2, 0, 1), (0, 1, 0))]
)
def test_a_scan_has_one_hash_in_every_order_of_its_voxels(blocks, stored, order, flips):
    assert hash_ct(stored(blocks.ct, order, flips)) == hash_ct(blocks.ct)


def test_a_direction_cosine_may_be_a_hair_below_zero(blocks):
    affine = blocks.ct.grid.affine_lps.copy()
    affine[0, 1], affine[1, 0] = -1e-9, 1e-9
    ct = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    assert hash_ct(ct) == hash_ct(blocks.ct)


def test_a_scan_that_differs_in_one_voxel_has_another_hash(blocks):
    hu = blocks.ct.hu.copy()
    hu[7, 8, 9] += 1
    assert hash_ct(replace(blocks.ct, hu=hu)) != hash_ct(blocks.ct)


@pytest.mark.parametrize("entry", [(0, 0), (1, 3), (2, 2)])
def test_a_scan_in_another_place_or_size_has_another_hash(blocks, entry):
    affine = blocks.ct.grid.affine_lps.copy()
    affine[entry] += 0.05
    moved = replace(blocks.ct, grid=Grid(blocks.ct.grid.shape, affine))
    assert hash_ct(moved) != hash_ct(blocks.ct)


def test_a_slice_has_no_volumes_and_says_why(model):
    bright = model()
    outline = make_slice_outliner(bright, SETTINGS)
    document = describe_slice_run("ab12", 0.5, outline, bright.card, SETTINGS)
    told = json.loads(json.dumps(document, allow_nan=False))
    assert told["input"] == {"sha256": "ab12", "kind": "slice", "is_hu": False}
    assert told["volumes_ml"] is None
    assert (told["device"], told["engine"]) == ("cpu", "torch")
    assert told["notes"] == [
        "An 8-bit picture has no voxel size: areas and ml are unknown."
    ]

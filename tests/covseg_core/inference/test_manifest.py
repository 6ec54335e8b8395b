from __future__ import annotations

import json
from dataclasses import replace

import pytest

from covseg_core.inference.config import PredictSettings
from covseg_core.inference.manifest import (
    describe_run,
    describe_slice_run,
    tells_of,
)
from covseg_core.inference.predict import Prediction, make_slice_outliner
from covseg_core.registry.store import find_model
from covseg_core.volume import Source

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


def test_a_run_tells_whether_answers_were_mirrored_and_tempered(
    blocks, prediction, card
):
    change = {"mirrored": True, "temperature": 1.5}
    changed = card.model_copy(update=change)
    document = describe_run(blocks.ct, prediction, changed, SETTINGS)
    assert document["model"].items() >= change.items()
    plain = describe_run(blocks.ct, prediction, card, SETTINGS)["model"]
    assert (plain["mirrored"], plain["temperature"]) == (False, 1.0)


def test_a_run_knows_its_mask_by_voxels_and_not_by_their_order(
    blocks, prediction, card, stored
):
    document = describe_run(blocks.ct, prediction, card, SETTINGS)
    assert tells_of(document, stored(blocks.lesions, (2, 0, 1), (True, False, True)))
    labels = blocks.lesions.labels.copy()
    labels[0, 0, 0] = 1
    assert not tells_of(document, replace(blocks.lesions, labels=labels))
    assert tells_of({}, blocks.lesions)


@pytest.mark.parametrize("found_by", ["lungs-small", None])
def test_a_run_tells_which_model_found_the_lungs(blocks, prediction, card, found_by):
    source = Source(notes=("by threshold",), outlined_by=found_by or "")
    lungs = replace(blocks.lungs, source=source)
    found = replace(prediction, lungs=lungs)
    document = describe_run(blocks.ct, found, card, SETTINGS)
    assert document["lungs_found_by"] == found_by
    assert document["notes"] == ("memory ran out", "by threshold")


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
        notes=("1 slices were there twice: DOE^JANE_1.dcm left out",),
        details={"patient": "DOE^JANE"},
    )
    ct = replace(blocks.ct, source=source)
    text = json.dumps(describe_run(ct, prediction, card, SETTINGS))
    assert "DOE" not in text
    assert "1.2.3.4.5" not in text
    assert "/home" not in text
    assert "1 slices were there twice" in text


def test_a_slice_has_no_volumes_and_says_why(model):
    bright = model()
    outline = make_slice_outliner(bright, SETTINGS)
    document = describe_slice_run("ab12", 0.5, outline, bright.card, SETTINGS)
    told = json.loads(json.dumps(document, allow_nan=False))
    assert told["input"] == {"sha256": "ab12", "kind": "slice", "is_hu": False}
    assert told["volumes_ml"] is None
    assert "smallest_ml" not in told["settings"]
    assert (told["device"], told["engine"]) == ("cpu", "torch")
    assert told["notes"] == [
        "An 8-bit picture has no voxel size: areas and ml are unknown."
    ]

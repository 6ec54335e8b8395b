from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.io.images import write_mask_png
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels

SIDE = 24


@pytest.fixture
def slices(tmp_path):
    """Three labelled slices, two models' masks and probabilities of the first."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[4:12, 4:12], truth[12:16, 4:12] = 1, 2
    for name in ("ref", "good", "bad", "images"):
        (tmp_path / name).mkdir()
    for shift, name in enumerate("abc"):
        write_mask_png(tmp_path / "ref" / f"{name}.png", truth)
        write_mask_png(tmp_path / "good" / f"{name}.png", np.roll(truth, shift, 1))
        (tmp_path / "good" / f"{name}.json").write_text("{}")
        maps = np.stack([np.roll(truth, shift, 1) == value for value in (1, 2)])
        np.save(tmp_path / "good" / f"{name}.npy", maps * np.float32(0.7))
        write_mask_png(tmp_path / "bad" / f"{name}.png", np.roll(truth, 3 + shift, 1))
        Image.new("L", (SIDE, SIDE), 80).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


@pytest.fixture
def volumes(blocks, tmp_path):
    """The block phantom's lesions, and the same one column aside."""
    for name in ("ref", "pred", "ct"):
        (tmp_path / name).mkdir()
    lesions = blocks.lesions
    moved = replace(lesions, labels=np.roll(lesions.labels, 1, axis=2))
    write_nifti_labels(tmp_path / "ref" / "p.nii.gz", lesions)
    write_nifti_labels(tmp_path / "pred" / "p.nii.gz", moved)
    write_nifti_ct(tmp_path / "ct" / "p.nii.gz", blocks.ct)
    return tmp_path


def test_slices_are_scored_one_by_one_and_on_average(covseg, slices):
    document = covseg("evaluate", slices / "good", slices / "ref", "--json").json
    dice = [case["scores"]["infection"]["dice"] for case in document["cases"]]
    # Columns overlap by 8, 7 and 6 of 8.
    assert dice == pytest.approx([1, 7 / 8, 6 / 8])
    mean = document["mean"]["infection"]["dice"]
    assert mean["mean"] == pytest.approx(7 / 8)
    assert mean["low"] < mean["bootstrap_low"] <= mean["mean"] <= mean["high"]
    assert document["targets"] == ["infection", "ggo", "consolidation"]
    assert (document["unit"], document["n_cases"], document["n_patients"]) == (
        "image",
        3,
        3,
    )


def test_the_table_says_how_patients_were_counted(covseg, slices):
    answer = covseg("evaluate", slices / "good", slices / "ref")
    lines = answer.out.splitlines()
    assert lines[0] == "standard: 3 images of 3 patients"
    assert lines[1].startswith("note: each file is taken for its own patient")
    assert "infection    Dice     Sen     Spe       S       E     MAE" in lines
    assert (answer.code, answer.err) == (0, "")


def test_a_table_of_patients_groups_files_and_is_not_repeated(covseg, slices):
    table = slices / "patients.csv"
    table.write_text("name,patient\na,Doe John\nb.png,Doe John\nc,Roe\n")
    answer = covseg(
        "evaluate", slices / "good", slices / "ref", "--patients", table, "--json"
    )
    assert answer.json["n_patients"] == 2
    assert [case["patient"] for case in answer.json["cases"]] == [1, 1, 2]
    assert not any("own patient" in note for note in answer.json["notes"])
    assert "Doe" not in answer.out


def test_infnet2020_reads_the_probabilities_beside_the_masks(covseg, slices):
    words = "evaluate", slices / "good", slices / "ref", "--protocol", "infnet2020"
    document = covseg(*words, "--json").json
    # The map is stretched to 0 and 1: 255 thresholds of the mask, one of everything.
    everything = 2 * 96 / (96 + SIDE * SIDE)
    dice = document["cases"][1]["scores"]["infection"]["dice"]
    assert dice == pytest.approx((255 * 7 / 8 + everything) / 256)
    assert list(document["mean"]["infection"]) == [
        "dice",
        "sensitivity",
        "specificity",
        "s_measure",
        "e_measure",
        "mae",
    ]


def test_published_numbers_stand_beside_ours_and_say_so(covseg, refused, slices):
    words = "evaluate", slices / "good", slices / "ref", "--published"
    text = covseg(*words, "--protocol", "infnet2020").out
    assert "published by their authors on their own test slices; not measured" in text
    document = covseg(*words, "--protocol", "infnet2020", "--json").json
    rows = document["published"]["rows"]
    assert {"method": "U-Net", "dice": 0.439, "mae": None}.items() <= rows[0].items()
    assert "--published goes with --protocol infnet2020" in refused(2, *words)


def test_another_model_is_compared_on_the_same_cases(covseg, slices):
    words = "evaluate", slices / "good", slices / "ref", "--against", slices / "bad"
    compared = covseg(*words, "--json").json["against"]["infection"]["dice"]
    assert compared["mean_after"] == pytest.approx(7 / 8)
    assert compared["mean_before"] == pytest.approx((5 + 4 + 3) / 24)
    assert compared["difference"] == pytest.approx(3 / 8)
    # Three patients, all better: two of eight flips are as far.
    assert compared["p_value"] == pytest.approx(2 / 8)
    lines = covseg(*words).out.splitlines()
    assert "against the other model" in lines
    expected = "Dice 0.500 0.875 +0.375 +0.375 to +0.375 0.250 3"
    assert expected.split() in [line.split() for line in lines]


def test_files_are_written_with_null_for_what_is_undefined(covseg, slices):
    write_mask_png(slices / "good" / "a.png", np.zeros((SIDE, SIDE), np.uint8))
    out, rows = slices / "new" / "m.json", slices / "rows.csv"
    words = "evaluate", slices / "good", slices / "ref"
    answer = covseg(*words, "-o", out, "--csv", rows, "--json")
    document = json.loads(out.read_text())
    assert document == answer.json
    assert document["cases"][0]["scores"]["infection"]["precision"] is None
    assert document["mean"]["infection"]["precision"]["undefined"] == 1
    with rows.open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 9
    assert table[0]["precision"] == ""


def test_pictures_are_drawn_on_the_images(covseg, slices):
    words = "evaluate", slices / "good", slices / "ref", "--plots", slices / "plots"
    assert covseg(*words, "--images", slices / "images").code == 0
    assert {path.name for path in (slices / "plots").iterdir()} == {
        "measures.png",
        "thresholds.png",
        "worst.png",
    }


def test_a_volume_is_judged_whole_with_distances_in_mm(covseg, volumes):
    words = "evaluate", volumes / "pred", volumes / "ref", "--json"
    document = covseg(*words).json
    assert document["unit"] == "volume"
    # One column of the block phantom is 2.5 mm.
    scores = document["cases"][0]["scores"]
    assert scores["infection"]["hd95_mm"] == pytest.approx(2.5)
    assert scores["ggo"]["surface_dice"] == 1.0
    assert document["mean"]["infection"]["dice"]["low"] is None
    near = covseg(*words, "--tolerance-mm", "2").json
    assert near["cases"][0]["scores"]["infection"]["surface_dice"] < 1.0


def test_infnet2020_takes_the_slices_of_a_volume_as_cases_of_one_patient(
    covseg, volumes
):
    words = "evaluate", volumes / "pred", volumes / "ref", "--protocol", "infnet2020"
    document = covseg(*words, "--json").json
    # Lesions are in slices 7 to 11, counted from 1.
    assert [case["name"] for case in document["cases"]] == [
        f"p slice {number}" for number in range(7, 12)
    ]
    assert (document["unit"], document["n_patients"]) == ("slice", 1)
    assert document["mean"]["infection"]["dice"]["bootstrap_low"] is None


def test_the_worst_slice_of_a_volume_is_drawn_on_its_scan(covseg, volumes):
    words = "evaluate", volumes / "pred", volumes / "ref", "--plots", volumes / "out"
    answer = covseg(*words, "--images", volumes / "ct")
    assert answer.code == 0, answer.err
    assert (volumes / "out" / "worst.png").is_file()


def test_a_single_label_model_is_judged_on_infection_only(covseg, slices):
    for name in "abc":
        write_mask_png(slices / "bad" / f"{name}.png", np.ones((SIDE, SIDE), np.uint8))
    words = "evaluate", slices / "bad", slices / "ref", "--json"
    document = covseg(*words).json
    assert document["targets"] == ["infection"]
    assert any("only infection is scored" in note for note in document["notes"])
    forced = covseg(*words, "--labels", "2").json
    assert forced["targets"] == ["infection", "consolidation"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["good", "nowhere"], 3, "there is no file or folder 'nowhere'"),
        (["good/a.png", "ref"], 2, "two files or two folders"),
        (["good", "ref", "--labels", "1,3"], 2, "--labels: got '1,3'; give 1 or 2"),
        (["good", "ref", "--images", "images"], 2, "--images goes with --plots"),
        (["good", "ref", "-o", "m.txt"], 2, "'m.txt' must end in .json"),
        (["good", "ref", "--csv", "m.json"], 2, "'m.json' must end in .csv"),
        (["good", "ref", "--against", "images/a.png"], 2, "two files or two folders"),
        (["good", "ref", "--protocol", "other"], 2, "--protocol"),
        (["good", "ref", "--tolerance-mm", "-1"], 2, "--tolerance-mm"),
        (["good", "ref", "--patients", "none.csv"], 3, "none.csv cannot be read"),
        (["good", "ref", "--plots", "m.png"], 2, "'m.png' must be a folder"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    words, code, sentence, refused, slices, monkeypatch
):
    monkeypatch.chdir(slices)
    assert sentence in refused(code, "evaluate", *words)


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
@pytest.mark.parametrize("side", ["good", "ref"])
def test_no_manifest_of_a_mask_that_is_read_is_overwritten(refused, slices, name, side):
    manifest = slices / side / "a.json"
    manifest.write_text('{"covseg": "1", "labels": {"ggo": 1, "consolidation": 2}}')
    before = manifest.read_bytes()
    words = "evaluate", slices / "good" / name, slices / "ref" / "a.png"
    line = refused(2, *words, "-o", manifest)
    assert "'a.json' would replace an input" in line
    assert manifest.read_bytes() == before


def test_measures_beside_a_mask_may_be_written_again(covseg, slices):
    words = "evaluate", slices / "good" / "a.png", slices / "ref" / "a.png"
    for _ in range(2):
        assert covseg(*words, "-o", slices / "good" / "a.json").code == 0


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    refused, slices, monkeypatch
):
    def work(*_):
        raise AssertionError

    monkeypatch.setattr("covseg_core.cli.evaluate_run.run_evaluation", work)
    (slices / "file").touch()
    words = "evaluate", slices / "good", slices / "ref", "--csv"
    line = refused(1, *words, slices / "file" / "m.csv")
    assert "the folder 'file' could not be made" in line


def test_names_without_a_partner_are_listed(refused, slices):
    (slices / "ref" / "b.png").unlink()
    (slices / "good" / "c.png").unlink()
    (slices / "good" / "c.npy").unlink()
    line = refused(3, "evaluate", slices / "good", slices / "ref")
    assert "no reference for b; no prediction for c" in line


def test_masks_of_another_size_are_refused(refused, slices):
    write_mask_png(slices / "good" / "b.png", np.zeros((SIDE, SIDE + 1), np.uint8))
    line = refused(3, "evaluate", slices / "good", slices / "ref")
    assert "b: the prediction has 24 x 25 voxels, the reference 24 x 24" in line


def test_infnet2020_needs_a_slice_with_infection(refused, volumes, blocks):
    nothing = replace(blocks.lesions, labels=np.zeros_like(blocks.lesions.labels))
    for name in ("pred", "ref"):
        write_nifti_labels(volumes / name / "p.nii.gz", nothing)
    words = "evaluate", volumes / "pred", volumes / "ref", "--protocol", "infnet2020"
    assert "no slice holds infection, true or predicted" in refused(3, *words)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.labels import INFECTION
from covseg_core.registry.card import ModelCard


@pytest.fixture
def add(covseg, store):
    """Add to the store and give the answer as JSON."""

    def call(*words):
        answer = covseg("cases", "add", store, *words, "--json")
        assert answer.code == 0, answer.err
        return answer.json

    return call


def test_a_scan_with_a_readers_mask_is_done(add, store, scan, lesions, lungs, blocks):
    told = add("--ct", scan, "--mask", lesions, "--lungs", lungs, "--patient", "Jane")
    assert (told["case"], told["split"], told["state"]) == (
        "case-0001",
        "train",
        "done",
    )
    assert (told["version"], told["file"]) == (1, "v0001_manual.nii.gz")
    opened = CaseStore(store)
    assert told["patient"] == opened.pseudonym("jane ")
    assert np.array_equal(opened.ct("case-0001").hu, blocks.ct.hu)
    assert np.array_equal(opened.mask("case-0001").labels, blocks.lesions.labels)
    assert np.array_equal(opened.lungs("case-0001").labels, blocks.lungs.labels)


@pytest.mark.parametrize("words", [[], ["--mask", "MASK", "--source", "model"]])
def test_a_scan_without_a_readers_mask_is_new(add, scan, lesions, words):
    words = [lesions if word == "MASK" else word for word in words]
    assert add("--ct", scan, *words)["state"] == "new"


def test_a_readers_mask_finishes_a_new_case(add, scan, lesions):
    assert add("--ct", scan)["version"] is None
    assert add("--case", "case-0001", "--mask", lesions)["state"] == "done"


def test_a_healthy_scan_gets_an_empty_mask(add, store, scan):
    told = add("--ct", scan, "--healthy")
    assert (told["state"], told["file"]) == ("done", "v0001_manual.nii.gz")
    assert not CaseStore(store).mask("case-0001").labels.any()


def test_a_known_case_can_be_found_healthy(add, store, scan):
    add("--ct", scan)
    assert add("--case", "case-0001", "--healthy")["state"] == "done"
    assert not CaseStore(store).mask("case-0001").labels.any()


def test_healthy_does_not_go_with_a_mask(covseg, store, scan, lesions):
    answer = covseg("cases", "add", store, "--ct", scan, "--mask", lesions, "--healthy")
    assert answer.code == 2
    assert "leave --mask away" in answer.err


def test_a_flagged_case_stays_flagged(add, covseg, store, scan, lesions):
    add("--ct", scan)
    covseg("cases", "state", store, "case-0001", "flagged")
    assert add("--case", "case-0001", "--mask", lesions)["state"] == "flagged"


def test_a_known_case_gets_a_version_with_or_without_its_scan(
    add, filled, scan, lesions
):
    words = ["--case", "case-0001", "--mask", lesions, "--source", "edited"]
    facts = ["--parent", "1", "--role", "radiologist", "--seconds", "12.5"]
    assert (
        add(*words, *facts, "--note", "apex", "--model", "hu-threshold")["version"] == 2
    )
    assert add(*words, "--ct", scan)["version"] == 3
    version = CaseStore(filled).read("case-0001").version(2)
    assert (version.source, version.parent, version.model) == (
        "edited",
        1,
        "hu-threshold",
    )
    assert (version.role, version.seconds_spent, version.note) == (
        "radiologist",
        12.5,
        "apex",
    )


def test_a_model_that_is_here_is_recorded_with_its_hash(
    add, filled, lesions, covseg_home
):
    card = ModelCard(
        name="mine",
        summary="",
        architecture="hu-threshold",
        label_set="lesions",
        weights_sha256="ab" * 32,
    )
    (covseg_home / "models" / "mine").mkdir(parents=True)
    path = covseg_home / "models" / "mine" / "card.json"
    path.write_text(card.model_dump_json())
    words = ["--case", "case-0001", "--mask", lesions, "--source", "model"]
    add(*words, "--model", "mine")
    add(*words, "--model", "somewhere-else")
    versions = CaseStore(filled).read("case-0001").versions
    assert versions[1].model_sha256 == "ab" * 32
    assert (versions[2].model, versions[2].model_sha256) == ("somewhere-else", None)


def test_a_save_beside_another_is_told(covseg, filled, lesions):
    words = ["--case", "case-0001", "--mask", lesions, "--parent", "1"]
    first = covseg("cases", "add", filled, *words, "--source", "edited")
    assert first.out == "case-0001, mask 2 (edited): train, done\n"
    second = covseg("cases", "add", filled, *words, "--source", "edited")
    assert "note: made from mask 1 as mask 2 was meanwhile" in second.out


def test_dicom_is_known_again_as_nifti(add, refused, store, dicom, scan):
    add("--ct", dicom, "--case", "from-dicom")
    line = refused(3, "cases", "add", store, "--ct", scan)
    assert "this scan is in the store already, as from-dicom" in line


def test_labels_say_what_one_means(add, filled, lesions, blocks, tmp_path):
    single = tmp_path / "single.nii.gz"
    labels = (blocks.lesions.labels > 0).astype(np.uint8)
    write_nifti_labels(single, replace(blocks.lesions, labels=labels))
    words = ["--case", "case-0001", "--mask", single]
    add(*words)
    add(*words, "--labels", "infection")
    add(*words, "--source", "edited", "--parent", "3")
    versions = CaseStore(filled).read("case-0001").versions
    assert [one.label_set for one in versions] == ["lesions"] * 2 + ["infection"] * 2
    assert CaseStore(filled).mask("case-0001", 3).label_set == INFECTION


def test_a_mask_in_another_order_of_voxels_is_turned(
    add, scan, blocks, stored, tmp_path
):
    turned = stored(blocks.lesions, (2, 0, 1), (1, 0, 1))
    write_nifti_labels(tmp_path / "turned.nii.gz", turned)
    add("--ct", scan, "--mask", tmp_path / "turned.nii.gz")
    labels = CaseStore(tmp_path / "store").mask("case-0001").labels
    assert np.array_equal(labels, blocks.lesions.labels)


def test_a_picture_becomes_a_case_of_one_slice(add, store, picture, picture_mask):
    told = add("--ct", picture, "--mask", picture_mask, "--case", "slice")
    assert told["state"] == "done"
    record = CaseStore(store).read("slice")
    assert (record.kind, record.is_hu) == ("images", False)
    ct = CaseStore(store).ct("slice")
    assert np.array_equal(ct.hu[0], np.asarray(Image.open(picture)))
    counts = np.bincount(CaseStore(store).mask("slice").labels.ravel(), minlength=256)
    assert counts[[1, 2, 255]].tolist() == [80, 40, 40]


def test_white_means_infection_where_there_is_one_class(add, store, picture, tmp_path):
    labels = np.zeros((48, 40), np.uint8)
    labels[:3] = 255
    Image.fromarray(labels).save(tmp_path / "white.png")
    words = ["--mask", tmp_path / "white.png", "--labels", "infection"]
    add("--ct", picture, *words, "--case", "slice")
    assert CaseStore(store).mask("slice").volumes_ml["infection"] > 0
    assert CaseStore(store).mask("slice").labels.max() == 1


def test_a_case_of_a_patient_stays_in_the_patients_split(
    add, refused, filled, other_scan
):
    record = CaseStore(filled).read("case-0001")
    words = ["--case", "case-0001", "--mask", "mask.nii.gz", "--split", "held-out"]
    line = refused(3, "cases", "add", filled, *words)
    assert f"is in the split '{record.split}' and stays there" in line
    add("--ct", other_scan, "--split", "held-out", "--patient", "Jane")
    assert CaseStore(filled).read("case-0002").split == "held-out"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "give a scan with --ct, or a known --case with a --mask"),
        (["--case", "case-0001"], 2, "give a scan with --ct, or a known --case"),
        (["--ct", "SCAN", "--note", "x"], 2, "what else tells of a mask need --mask"),
        (["--ct", "SCAN", "--case", "case-0001"], 2, "has this scan already; give a"),
        (["--ct", "OTHER", "--case", "case-0001"], 3, "case-0001 holds another scan"),
        (["--ct", "SCAN"], 3, "in the store already, as case-0001"),
        (["--mask", "MASK", "--case", "new"], 2, "no case 'new' yet; give its scan"),
        (
            ["--ct", "OTHER", "--mask", "MASK", "--parent", "1"],
            2,
            "a new case has no masks yet; leave --parent away",
        ),
        (
            ["--case", "case-0001", "--mask", "MASK", "--patient", "Roe"],
            3,
            "case-0001 is the scan of another patient",
        ),
        (
            ["--case", "case-0001", "--mask", "MASK", "--licence", "CC0"],
            2,
            "are for a new scan; case-0001 is there already",
        ),
        (
            ["--case", "case-0001", "--mask", "MASK", "--parent", "7"],
            3,
            "case-0001 has no mask 7; it has 1",
        ),
        (["--case", "case-0001", "--mask", "PICTURE"], 3, "mask has shape (1, 48, 40)"),
        (
            ["--case", "case-0001", "--mask", "m.jpg"],
            2,
            "is a JPEG, which changes valu",
        ),
        (["--ct", "OTHER", "--case", "a/b"], 2, "a case cannot be called 'a/b'"),
        (["--ct", "PICTURE", "--series", "1.2"], 2, "leave --series away"),
        (["--ct", "SCAN", "--source", "guess"], 2, "--source: input should be"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words, code, sentence, refused, filled, scan, other_scan, lesions, picture
):
    files = {"SCAN": scan, "OTHER": other_scan, "MASK": lesions, "PICTURE": picture}
    before = CaseStore(filled).list_cases()
    words = [files.get(word, word) for word in words]
    assert sentence in refused(code, "cases", "add", filled, *words)
    assert CaseStore(filled).list_cases() == before


def test_a_refused_mask_leaves_no_case_behind(refused, filled, other_scan, lungs):
    words = ["--ct", other_scan, "--mask", lungs, "--labels", "infection"]
    line = refused(3, "cases", "add", filled, *words)
    assert "true_lungs.nii.gz: the mask holds the values 2" in line
    assert len(CaseStore(filled).list_cases()) == 1


def test_a_folder_with_other_files_is_refused(refused, scan):
    line = refused(3, "cases", "add", scan.parent, "--ct", scan)
    assert "is no case store" in line


def test_no_message_holds_the_patients_name(covseg, filled, lesions, other_scan):
    add = ["cases", "add", filled, "--patient", "Zebedee^Quorn"]
    answers = [
        covseg(*add, "--case", "case-0001", "--mask", lesions),
        covseg(*add, "--ct", other_scan),
        covseg(*add, "--ct", other_scan, "--split", "held-out"),
    ]
    assert [answer.code for answer in answers] == [3, 0, 3]
    for answer in answers:
        assert "quorn" not in (answer.out + answer.err).lower()

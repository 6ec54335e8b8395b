from __future__ import annotations

from dataclasses import replace

import pytest

from covseg_core.cases.store import CaseStore


@pytest.fixture
def two(covseg, filled, other_scan):
    covseg("cases", "add", filled, "--ct", other_scan)
    return filled


def test_cases_are_listed_in_order(covseg, two):
    rows = covseg("cases", "list", two, "--json").json
    assert [row["case_id"] for row in rows] == ["case-0001", "case-0002"]
    assert rows[0]["versions"][0]["file"] == "v0001_manual.nii.gz"
    lines = [line.split() for line in covseg("cases", "list", two).out.splitlines()]
    patient = CaseStore(two).read("case-0001").patient
    assert lines[0] == ["case-0001", patient, "train", "done", "1", "manual"]
    assert lines[1][0] == "case-0002"
    assert lines[1][-1] == "-"


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--state", "done"], ["case-0001"]),
        (["--state", "new"], ["case-0002"]),
        (["--split", "held-out"], ["case-0002"]),
        (["--split", "held-out", "--state", "done"], []),
    ],
)
def test_a_list_can_be_narrowed(covseg, two, words, ids):
    rows = covseg("cases", "list", two, *words, "--json").json
    assert [row["case_id"] for row in rows] == ids


def test_a_case_is_shown_with_its_masks(covseg, filled, lesions):
    words = ["--mask", lesions, "--source", "edited", "--parent", "1"]
    facts = ["--role", "radiologist", "--seconds", "30"]
    covseg("cases", "add", filled, "--case", "case-0001", *words, *facts)
    shown = covseg("cases", "show", filled, "case-0001")
    assert "state           done" in shown.out
    assert "masks           2" in shown.out
    assert "  2  edited of mask 1, lesions, radiologist, 30 s, 20" in shown.out
    document = covseg("cases", "show", filled, "case-0001", "--json").json
    assert document == CaseStore(filled).read("case-0001").model_dump(mode="json")


def test_an_unknown_case_and_a_strange_folder_are_refused(refused, filled, tmp_path):
    line = refused(3, "cases", "show", filled, "case-0007")
    assert "there is no case 'case-0007' in store" in line
    assert "is no case store" in refused(3, "cases", "list", tmp_path / "absent")


def test_a_reader_sees_first_what_a_model_was_least_sure_of(covseg, two, blocks):
    store = CaseStore(two)
    for number, sure in enumerate((0.9, 0.4)):
        ct = replace(blocks.ct, hu=blocks.ct.hu + 90 + number)
        name = f"model-{number}"
        store.add_case(ct, case_id=name, split="train")
        facts = {"source": "model", "model": "m", "confidence": sure}
        store.add_mask(name, blocks.lesions, **facts)
    lines = covseg("cases", "list", two, "--order", "confidence").out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "model-1",
        "model-0",
        "case-0001",
        "case-0002",
    ]
    assert lines[0].split()[-3:] == ["1", "model", "0.400"]
    assert "m, confidence 0.400" in covseg("cases", "show", two, "model-1").out

from __future__ import annotations

import shutil

import pytest

from covseg_core.cases.record import parse_record, render_record, revised
from covseg_core.cases.verify import Problem, verify


def found(store):
    return [(problem.file, problem.what) for problem in verify(store)]


def test_a_sound_store_has_no_problems(filled):
    assert found(filled) == []


def test_a_flipped_bit_is_found_in_every_file(filled, files_of, flip):
    files = [path for path in files_of(filled) if path.name != "store.json"]
    assert len(files) == 9
    for path in files:
        whole = path.read_bytes()
        for place in {0, 3, 9, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            flip(path, place)
            names = [problem.file for problem in verify(filled)]
            assert path.relative_to(filled.root).as_posix() in names, place
            path.write_bytes(whole)


def test_a_flipped_bit_is_found_everywhere_in_a_record(filled, flip):
    case_id = "case-0002"
    path = filled.root / case_id / "case.json"
    for other in filled.case_ids():
        if other != case_id:
            shutil.rmtree(filled.root / other)
    for place in range(path.stat().st_size):
        flip(path, place)
        assert found(filled), place
        flip(path, place)


@pytest.mark.parametrize(
    "name", ["ct.nii.gz", "lungs.nii.gz", "case.json", "masks/v0002_model.nii.gz"]
)
def test_a_missing_file_is_found(filled, name):
    (filled.root / "case-0001" / name).unlink()
    assert (f"case-0001/{name}", "is missing") in found(filled)


def test_a_missing_folder_of_masks_is_found(filled):
    shutil.rmtree(filled.root / "case-0002" / "masks")
    assert ("case-0002/masks", "is missing") in found(filled)


def test_what_does_not_belong_is_found(filled):
    folder = filled.root / "case-0001"
    for name in ("notes.txt", "v0001_model.nii.gz", ".hidden"):
        (folder / "masks" / name).touch()
    whats = "does not belong here"
    assert found(filled) == [
        ("case-0001/masks/notes.txt", whats),
        ("case-0001/masks/v0001_model.nii.gz", whats),
    ]


def test_a_folder_that_is_no_case_is_found(filled):
    (filled.root / "nnunet" / "imagesTr").mkdir(parents=True)
    assert found(filled) == [("nnunet", "does not belong here")]


def test_a_mask_that_was_not_recorded_is_found(filled):
    masks = filled.root / "case-0001" / "masks"
    shutil.copy(masks / "v0002_model.nii.gz", masks / "v0003_model.nii.gz")
    (problem,) = verify(filled)
    assert problem.file == "case-0001/masks/v0003_model.nii.gz"
    assert problem.what.startswith("is not recorded")


def rewrite(store, case_id, **change):
    path = store.root / case_id / "case.json"
    record = parse_record(path.read_text(), case_id)
    path.write_text(render_record(revised(record, **change)))


def test_a_patient_in_two_splits_is_found(filled):
    first = filled.read("case-0001")
    rewrite(filled, "case-0002", patient=first.patient)
    assert found(filled) == [
        (
            "case-0002/case.json",
            "is in the split 'held-out', but case-0001 of the same patient is in "
            "'train'",
        )
    ]


def test_a_scan_that_is_there_twice_is_found(filled):
    shutil.copytree(filled.root / "case-0001", filled.root / "copy")
    (problem,) = verify(filled)
    assert "calls itself 'case-0001'" in problem.what
    text = (filled.root / "case-0001" / "case.json").read_text()
    record = parse_record(text, "case-0001")
    renamed = render_record(revised(record, case_id="copy"))
    (filled.root / "copy" / "case.json").write_text(renamed)
    (problem,) = verify(filled)
    assert problem == Problem(
        "copy", "copy/ct.nii.gz", "is the same scan as that of case-0001"
    )


def test_lungs_that_nobody_recorded_are_found(filled):
    rewrite(filled, "case-0001", lungs_sha256=None)
    assert found(filled) == [
        ("case-0001/lungs.nii.gz", "is there although none was recorded")
    ]

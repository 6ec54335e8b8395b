from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from covseg_core.reports.severity.facts import Judgement, nameless, sha256_of_mask
from covseg_core.volume import SYNTHETIC_NOTE, Source


def test_names_of_files_are_taken_out_of_notes(blocks):
    source = Source(
        "dicom",
        paths=("/doe/1.dcm",),
        notes=("2 slices were there twice: doe_1.dcm left out", SYNTHETIC_NOTE),
        ignored=("doe.txt: no DICOM", "3 files of another CT series, 1.2.3"),
    )
    found = nameless(replace(blocks.ct, source=source)).source
    assert found.notes == (
        "2 slices were there twice",
        SYNTHETIC_NOTE,
        "2 other files or series were left out",
    )
    assert found.ignored == found.paths == ()


def test_notes_of_other_formats_stay_whole(blocks):
    source = Source("nifti", notes=("sform and qform differ: sform was taken",))
    found = nameless(replace(blocks.ct, source=source)).source
    assert found.notes == source.notes


def test_a_judgement_lists_what_was_said():
    assert Judgement().rows == ()
    judged = Judgement(co_rads=3, rsna="atypical", note=" seen twice ")
    assert judged.rows == (
        ("CO-RADS (reader)", "3"),
        ("RSNA category (reader)", "atypical"),
        ("Reader's note", "seen twice"),
    )


@pytest.mark.parametrize("wrong", [{"co_rads": 0}, {"co_rads": 7}, {"rsna": "maybe"}])
def test_a_category_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValidationError):
        Judgement(**wrong)


def test_the_hash_of_a_mask_is_of_its_voxels(blocks):
    same = replace(blocks.lesions, labels=blocks.lesions.labels.copy())
    assert sha256_of_mask(same) == sha256_of_mask(blocks.lesions)
    same.labels[0, 0, 0] = 1
    assert sha256_of_mask(same) != sha256_of_mask(blocks.lesions)

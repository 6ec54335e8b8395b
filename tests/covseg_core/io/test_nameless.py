from __future__ import annotations

from dataclasses import replace

from covseg_core.io.nameless import nameless
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

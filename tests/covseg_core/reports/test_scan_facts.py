from __future__ import annotations

from dataclasses import replace

import numpy as np

from covseg_core.reports.scan_facts import scan_facts
from covseg_core.volume import SYNTHETIC_NOTE, CTVolume, Grid, Source


def scan(**facts):
    hu = np.zeros((3, 4, 5), np.float32)
    hu[0, 0, 0], hu[2, 3, 4] = -1024, 1371
    return CTVolume(hu, Grid.from_spacing(hu.shape, (5.0, 0.8, 0.703125)), **facts)


def test_size_spacing_and_range_are_told_with_units():
    assert scan_facts(scan()).rows == (
        ("Slices", "3 of 4 × 5 pixels"),
        ("Spacing", "slices 5 mm, pixels 0.8 × 0.703 mm"),
        ("Values", "-1024 to 1371 HU"),
    )


def test_square_pixels_have_one_size():
    ct = scan()
    square = replace(ct, grid=Grid.from_spacing(ct.hu.shape, (5.0, 0.7, 0.7)))
    assert dict(scan_facts(square).rows)["Spacing"] == "slices 5 mm, pixels 0.7 mm"


def test_padding_is_no_measured_value():
    padding = np.zeros((3, 4, 5), bool)
    padding[0, 0, 0] = True
    assert dict(scan_facts(scan(padding=padding)).rows)["Values"] == "0 to 1371 HU"
    nothing = scan(padding=np.ones((3, 4, 5), bool))
    assert dict(scan_facts(nothing).rows)["Values"] == "none measured"


def test_grey_levels_are_not_called_hu():
    facts = scan_facts(scan(is_hu=False))
    assert dict(facts.rows)["Values"] == "-1024 to 1371 grey levels"
    assert "not Hounsfield units" in facts.notes[0]


def test_notes_are_sentences_each_said_once():
    source = Source(notes=("a single slice; its thickness", "Already one.") * 2)
    facts = scan_facts(scan(source=source))
    assert facts.notes == ("A single slice; its thickness.", "Already one.")


def test_what_was_left_out_is_listed_shortly():
    source = Source(ignored=("a.txt: no DICOM", "b: localizer", "c", "d", "e"))
    facts = scan_facts(scan(source=source))
    assert facts.notes == ("Left out: a.txt: no DICOM; b: localizer; c; and 2 more.",)


def test_synthetic_scans_say_so_first():
    source = Source(is_synthetic=True, notes=(SYNTHETIC_NOTE, "another"))
    facts = scan_facts(replace(scan(), source=source))
    assert facts.notes == (SYNTHETIC_NOTE, "Another.")

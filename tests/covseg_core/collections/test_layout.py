from __future__ import annotations

import re

from covseg_core.collections.layout import list_niftis, public_id
from covseg_core.registry.card import NAME_PATTERN


def test_an_id_is_a_name_that_a_case_can_have():
    name = public_id("ictcf", "patient-2", "IMG 0001 (copy)")
    assert name == "ictcf-patient-2-IMG_0001_copy_"
    assert re.fullmatch(NAME_PATTERN, name)


def test_long_names_stay_apart():
    one, two = public_id("x", "a" * 80 + "1"), public_id("x", "a" * 80 + "2")
    assert one != two
    assert len(one) == len(two) == 64


def test_numbers_are_sorted_as_numbers_and_hidden_files_left_out(tmp_path):
    for name in ("10.nii.gz", "9.nii", ".1.nii.gz", "notes.txt"):
        (tmp_path / name).touch()
    assert list(list_niftis(tmp_path)) == ["9", "10"]

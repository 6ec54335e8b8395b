from __future__ import annotations

import re

import pytest

from covseg_core.collections.layout import find_root, list_niftis, public_id
from covseg_core.errors import InputRefusedError
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


def test_what_systems_add_to_a_folder_is_not_looked_into(tmp_path):
    for name in (".Trash", "__MACOSX", "siteA"):
        (tmp_path / name / "images").mkdir(parents=True)
    assert find_root(tmp_path, "images", ("images",)) == tmp_path / "siteA"


def test_two_folders_that_fit_are_refused_by_name_unless_the_given_one_fits(tmp_path):
    for name in ("siteB", "siteA", "notes"):
        (tmp_path / name).mkdir()
    for name in ("siteA/images", "siteB/images"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputRefusedError, match=r"2 folders .*: siteA, siteB\. G"):
        find_root(tmp_path, "images", ("images", "imagesTr"))
    (tmp_path / "imagesTr").mkdir()
    assert find_root(tmp_path, "images", ("images", "imagesTr")) == tmp_path

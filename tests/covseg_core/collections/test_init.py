from __future__ import annotations

import pytest

from covseg_core.collections import COLLECTIONS, ReadOptions, find_collection
from covseg_core.errors import InputRefusedError, UsageError

PUBLIC = [one for one in COLLECTIONS.values() if one.source]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_another_layout_is_refused_with_what_was_expected(name, tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.txt").write_text("sand")
    with pytest.raises(InputRefusedError, match="expected"):
        find_collection(name).list_cases(tmp_path / "holiday")
    with pytest.raises(InputRefusedError, match="expected"):
        find_collection(name).list_cases(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("covid-semiseg", "TestingSet/LungInfection-Test/Imgs"),
        ("medseg-volumes", "rp_im"),
        ("covid19-ct-seg", "COVID-19-CT-Seg_20cases"),
        ("mosmeddata", "studies/CT-1"),
        ("ictcf", "NiCT"),
        ("nifti-pairs", "images"),
        ("slices", "images"),
    ],
)
def test_folders_without_a_scan_are_refused(name, folder, tmp_path):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "1.7z").touch()
    message = f"is laid out as {name}, but there is no scan in it"
    with pytest.raises(InputRefusedError, match=message):
        find_collection(name).list_cases(tmp_path)


@pytest.mark.parametrize("collection", PUBLIC, ids=lambda one: one.name)
def test_every_public_collection_has_licence_source_and_meaning(collection):
    assert collection.licence
    assert collection.source.startswith("https://")
    assert collection.masks


def test_names_in_the_table_are_those_of_the_collections():
    assert all(name == one.name for name, one in COLLECTIONS.items())


def test_an_unknown_collection_is_refused_with_those_there_are():
    with pytest.raises(
        UsageError, match=r"no collection 'lidc'.*covid-semiseg, medseg"
    ):
        find_collection("lidc")


def test_an_option_of_another_collection_is_refused(tmp_path):
    with pytest.raises(
        UsageError, match="--with-pseudo-labels means nothing for ictcf"
    ):
        find_collection("ictcf").list_cases(
            tmp_path, ReadOptions(with_pseudo_labels=True)
        )

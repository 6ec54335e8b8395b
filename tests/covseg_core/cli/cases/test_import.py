from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore
from covseg_core.collections import COLLECTIONS


@pytest.fixture
def download(tmp_path):
    """Two pictures, one of them with a mask."""
    folder = tmp_path / "download"
    for seed, name in enumerate(("a.png", "b.png")):
        grey = np.random.default_rng(seed).integers(0, 256, (12, 10)).astype(np.uint8)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).save(folder / "images" / name)
    (folder / "masks").mkdir()
    Image.fromarray(np.ones((12, 10), np.uint8)).save(folder / "masks" / "a.png")
    return folder


def test_the_list_tells_every_licence(covseg):
    told = covseg("cases", "import", "--list").out
    assert all(one.name in told and one.licence in told for one in COLLECTIONS.values())
    document = covseg("cases", "import", "--list", "--json").json
    assert [one["name"] for one in document] == list(COLLECTIONS)


def test_files_go_into_a_new_store_once(covseg, store, download):
    words = "cases", "import", store, download, "--collection", "slices"
    answer = covseg(*words)
    assert answer.code == 0
    assert answer.out.startswith("slices: 2 added, 0 completed with a mask, 0 known")
    again = covseg(*words, "--json").json
    assert (again["added"], again["known"], again["refused"]) == (0, 2, [])


def test_options_of_the_collection_are_heard(covseg, store, download):
    words = "cases", "import", store, download, "--collection", "slices"
    assert covseg(*words, "--labels", "infection").code == 0
    assert CaseStore(store).mask("case-0001").label_set.name == "infection"


def test_refused_cases_are_told_and_end_with_3(covseg, store, download):
    (download / "images" / "b.png").write_bytes(b"no picture")
    words = "cases", "import", store, download, "--collection", "slices"
    answer = covseg(*words, "--json")
    assert answer.code == 3
    assert answer.json["added"] == 1
    assert answer.json["refused"][0]["case"] == "picture 2"
    assert "1 cases were refused, picture 2 first: b.png" in answer.err


def test_a_folder_of_another_layout_makes_no_store(refused, store, download):
    line = refused(3, "cases", "import", store, download, "--collection", "mosmeddata")
    assert "studies/CT-0" in line
    assert not store.exists()


def test_a_folder_without_a_scan_makes_no_store(refused, store, download):
    for path in (download / "images").iterdir():
        path.unlink()
    (download / "masks" / "a.png").unlink()
    line = refused(3, "cases", "import", store, download, "--collection", "slices")
    assert "there is no scan in it to read" in line
    assert not store.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["STORE", "FOLDER"], "--collection NAME"),
        (["STORE", "FOLDER", "--collection", "x"], "no collection 'x'"),
        (
            ["STORE", "FOLDER", "--collection", "slices", "--with-pseudo-labels"],
            "--with-pseudo-labels means nothing for slices",
        ),
    ],
)
def test_wrong_usage_is_told(refused, store, download, words, told):
    places = {"STORE": store, "FOLDER": download}
    words = [places.get(word, word) for word in words]
    assert told in refused(2, "cases", "import", *words)

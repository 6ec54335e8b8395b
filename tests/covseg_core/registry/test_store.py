from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from covseg_core.errors import ModelRefusedError, OutputError
from covseg_core.registry.store import (
    BUNDLED,
    find_model,
    is_taken,
    left_out,
    list_models,
    models_folder,
    remove_model,
)


def names():
    return [entry.card.name for entry in list_models()]


def test_the_store_is_where_the_environment_says(covseg_home):
    assert models_folder() == covseg_home / "models"


def test_the_baseline_without_a_network_is_always_there():
    assert "hu-threshold" in names()
    assert find_model("hu-threshold").origin == "bundled"


def test_every_bundled_model_has_the_name_of_its_folder():
    folders = sorted(path.parent.name for path in BUNDLED.glob("*/card.json"))
    assert folders == names()


def test_the_users_models_are_listed_by_name_beside_the_bundled_ones(put):
    put("zebra")
    put("alpha")
    assert names() == sorted([*names()])
    assert {"alpha", "zebra", "hu-threshold"} <= set(names())
    assert find_model("alpha").origin == "user"


def test_a_users_model_of_the_same_name_comes_first(put):
    put("hu-threshold")
    assert find_model("hu-threshold").origin == "user"
    listed = [entry for entry in list_models() if entry.card.name == "hu-threshold"]
    assert [entry.origin for entry in listed] == ["user"]


def test_a_card_cannot_take_the_place_of_a_model_from_another_folder(put):
    put("innocent", name="hu-threshold")
    assert find_model("hu-threshold").origin == "bundled"
    assert {entry.origin for entry in list_models()} == {"bundled"}
    with pytest.raises(ModelRefusedError, match="'innocent' calls itself 'hu-thres"):
        find_model("innocent")


def test_a_damaged_card_is_not_listed_and_is_refused_by_name(put):
    path = put("broken", label_set="organs")
    assert "broken" not in names()
    with pytest.raises(ModelRefusedError, match="names the labels 'organs'"):
        find_model("broken")
    (path / "card.json").write_bytes(b"\xff\xfe")
    assert "broken" not in names()
    with pytest.raises(
        ModelRefusedError, match="the card of the model 'broken' cannot"
    ):
        find_model("broken")


def test_every_folder_that_is_left_out_is_told_and_keeps_its_name(put):
    assert left_out() == ()
    put("broken", label_set="organs")
    put("copy", name="mine")
    first, second = left_out()
    assert first.startswith("'broken' is left out: the model card names the labels")
    assert second.startswith("'copy' is left out: the model in the folder 'copy' calls")
    assert is_taken("broken")
    assert is_taken("copy")
    assert is_taken("hu-threshold")
    assert not is_taken("mine")
    assert not is_taken("../models/copy")


def test_a_model_is_found_by_its_path_under_any_folder_name(put, tmp_path, monkeypatch):
    folder = shutil.move(put("mine"), tmp_path / "a copy")
    monkeypatch.chdir(tmp_path)
    ways = [str(folder), "a copy", "./a copy", str(Path(folder) / "card.json")]
    for way in ways:
        entry = find_model(way)
        assert (entry.card.name, entry.origin) == ("mine", "path")


def test_a_folder_that_happens_to_have_a_models_name_does_not_hide_it(
    tmp_path, monkeypatch
):
    (tmp_path / "hu-threshold").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model("hu-threshold").origin == "bundled"


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "a/b", "/secret/nothing"])
def test_an_unknown_model_is_refused_with_the_names_there_are(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelRefusedError, match=r"there are .*hu-threshold") as refusal:
        find_model(name)
    assert "secret" not in str(refusal.value)


def test_a_models_name_never_leaves_the_store(put, covseg_home):
    put("mine").rename(covseg_home / "outside")
    with pytest.raises(ModelRefusedError, match="there is no model"):
        find_model("../outside")


def test_removing_a_users_model_deletes_its_folder_only(put):
    gone, kept = put("gone"), put("kept")
    remove_model("gone")
    assert not gone.exists()
    assert kept.exists()
    with pytest.raises(ModelRefusedError, match="there is no model 'gone'"):
        remove_model("gone")


def test_removing_a_linked_model_takes_the_link_and_nothing_behind_it(put, tmp_path):
    link = put("mine")
    behind = Path(shutil.move(link, tmp_path / "behind"))
    before = sorted(path.name for path in behind.iterdir())
    link.symlink_to(behind, target_is_directory=True)
    remove_model("mine")
    assert not link.is_symlink()
    assert sorted(path.name for path in behind.iterdir()) == before


def test_removing_uncovers_the_bundled_model_of_that_name(put):
    put("hu-threshold")
    remove_model("hu-threshold")
    assert find_model("hu-threshold").origin == "bundled"


def test_a_damaged_model_can_be_removed(put):
    path = put("broken", label_set="organs")
    remove_model("broken")
    assert not path.exists()


def test_bundled_models_and_folders_elsewhere_stay(put, tmp_path):
    with pytest.raises(
        ModelRefusedError, match="'hu-threshold' is bundled with covseg"
    ):
        remove_model("hu-threshold")
    elsewhere = Path(shutil.move(put("mine"), tmp_path / "mine"))
    with pytest.raises(ModelRefusedError, match="'mine' is not in your model store"):
        remove_model(str(elsewhere))
    inside = put("inside")
    with pytest.raises(ModelRefusedError, match="'inside' is not in your model store"):
        remove_model(str(inside))
    assert elsewhere.exists()
    assert inside.exists()
    assert (BUNDLED / "hu-threshold" / "card.json").is_file()


def test_a_removal_cut_short_leaves_no_half_model(put, monkeypatch):
    (put("mine") / "weights.safetensors").touch()

    def stop(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        remove_model("mine")
    assert "mine" not in names()


def test_a_folder_that_cannot_be_deleted_is_told(put, monkeypatch):
    put("mine")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(
        OutputError, match="'mine' could not be deleted: Permission den"
    ):
        remove_model("mine")

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from covseg_core.errors import ModelRefusedError, OutputError
from covseg_core.registry import history
from covseg_core.registry.home import models_folder
from covseg_core.registry.promotion import promote, promoted, rollback, standing
from covseg_core.registry.store import DEFAULT_MODEL, remove_model
from covseg_core.registry.weights import save_model


def lines():
    return json.loads((models_folder() / "promoted.json").read_text())["history"]


def test_without_a_promotion_it_is_the_bundled_model():
    assert promoted() == DEFAULT_MODEL
    assert standing().passed_over == ()
    assert not (models_folder() / "promoted.json").exists()


def test_the_newest_promotion_counts_and_each_is_remembered(tiny_entry):
    promote("hu-threshold")
    promote("tiny")
    assert promoted() == "tiny"
    first, second = lines()
    assert (first["name"], first["weights_sha256"]) == ("hu-threshold", "")
    assert second["weights_sha256"] == tiny_entry.card.weights_sha256
    assert second["promoted_utc"].endswith("+00:00")


def test_promoting_twice_is_one_promotion(put):
    put("mine")
    promote("mine")
    promote("mine")
    assert len(lines()) == 1
    assert rollback() == DEFAULT_MODEL


def test_going_back_ends_at_the_bundled_model(put):
    put("a")
    put("b")
    for name in ("a", "b", "a"):
        promote(name)
    assert [rollback(), rollback(), rollback()] == ["b", "a", DEFAULT_MODEL]
    before = lines()
    with pytest.raises(ModelRefusedError, match=f"go back to: .*'{DEFAULT_MODEL}'"):
        rollback()
    assert lines() == before
    assert all(each["taken_back_utc"] for each in before)


def test_there_is_nothing_behind_the_promoted_bundled_model():
    promote(DEFAULT_MODEL)
    with pytest.raises(ModelRefusedError, match="there is nothing to go back to"):
        rollback()
    assert promoted() == DEFAULT_MODEL


def test_what_was_taken_back_can_be_promoted_again(put):
    put("a")
    promote("a")
    rollback()
    promote("a")
    assert promoted() == "a"


def test_a_removed_model_gives_way_to_the_one_before_it(put):
    for name in ("a", "b", "c"):
        put(name)
        promote(name)
    remove_model("c")
    remove_model("b")
    now = standing()
    assert now.name == "a"
    assert [reason.split()[0] for reason in now.passed_over] == ["'c'", "'b'"]
    assert rollback() == DEFAULT_MODEL


def test_other_weights_under_the_name_are_not_promoted(tiny_entry, card, network):
    promote("tiny")
    changed = {key: value + 1 for key, value in network.state_dict().items()}
    save_model(tiny_entry.folder, card, changed)
    assert standing().name == DEFAULT_MODEL
    assert standing().passed_over == (
        "'tiny' was promoted, but has other weights since.",
    )
    promote("tiny")
    assert promoted() == "tiny"


def test_damaged_weights_give_way(tiny_entry):
    promote("tiny")
    with tiny_entry.weights.open("ab") as file:
        file.write(b"\0")
    assert standing().name == DEFAULT_MODEL
    assert "is damaged or not there" in standing().passed_over[0]


def test_a_folder_in_the_way_of_the_search_is_not_promoted(put, tmp_path, monkeypatch):
    folder = put("mine")
    promote("mine")
    folder.rename(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert promoted() == DEFAULT_MODEL
    with pytest.raises(ModelRefusedError, match="'mine' is not in your model store"):
        promote("mine")


def test_a_model_that_does_not_load_is_not_promoted(tiny_entry):
    with tiny_entry.weights.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelRefusedError, match="not the ones that its card names"):
        promote("tiny")
    with pytest.raises(ModelRefusedError, match="there is no model 'absent'"):
        promote("absent")
    assert promoted() == DEFAULT_MODEL


def test_a_model_of_lungs_is_not_promoted(put):
    put("lungs", label_set="lungs")
    with pytest.raises(ModelRefusedError, match="'lungs' finds lungs; `predict` needs"):
        promote("lungs")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"history": [{"name": "../x"}]}',
        b'{"history": [], "more": 1}',
    ],
)
def test_a_damaged_history_is_refused_and_stays(text, covseg_home):
    file = models_folder() / "promoted.json"
    file.parent.mkdir()
    file.write_bytes(text)
    for act in (promoted, rollback, lambda: promote("hu-threshold")):
        with pytest.raises(
            ModelRefusedError, match=r"promoted\.json .* cannot"
        ) as told:
            act()
        assert str(covseg_home) not in str(told.value)
    assert file.read_bytes() == text


def test_a_write_that_fails_changes_nothing(put, monkeypatch):
    put("a")
    promote("a")

    def fail(path, text):
        raise OutputError(f"{path.name} could not be written: the disk is full.")

    monkeypatch.setattr(history, "write_text", fail)
    for act in (rollback, lambda: promote("hu-threshold")):
        with pytest.raises(OutputError, match=r"promoted\.json could not be written"):
            act()
    assert promoted() == "a"


def test_no_promotion_is_lost_when_many_promote_at_once(put):
    names = [f"model-{number}" for number in range(8)]
    for name in names:
        put(name)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(promote, names))
    assert sorted(line["name"] for line in lines()) == names

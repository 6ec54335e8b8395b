from __future__ import annotations

import sys

import pytest
import train_model
from training import parent_of, train

from covseg_core.errors import UsageError
from covseg_core.registry.store import find_model


def test_a_recipe_tells_its_parent(recipe):
    assert parent_of(recipe("infection")) is None
    assert parent_of(recipe("lungs", 'parent = "first"\n')) == "first"


def test_a_finished_model_is_left_as_it_is(store, recipe, monkeypatch, capsys):
    words = ["new", "--store", store.root, "--config", recipe("infection")]
    monkeypatch.setattr(sys, "argv", ["train", *map(str, words), "--progress", "none"])
    train_model.main()
    first = capsys.readouterr().out
    monkeypatch.setattr("training.learn", None)
    train_model.main()
    assert capsys.readouterr().out == first
    assert len(find_model("new").card.training["cases"]) == 6


def test_a_fold_is_left_out_when_asked_for(store, recipe, monkeypatch, capsys):
    words = ["new", "--store", store.root, "--config", recipe("infection")]
    words += ["--fold", 1, "--progress", "none"]
    monkeypatch.setattr(sys, "argv", ["train", *map(str, words)])
    train_model.main()
    assert capsys.readouterr().out.startswith("new-fold1 ")
    assert len(find_model("new-fold1").card.training["cases"]) == 3


@pytest.mark.parametrize(("fold", "end"), [(None, ""), (0, "-fold0")])
def test_what_a_recipe_goes_on_from_is_trained_first(
    fold, end, store, recipe, tmp_path
):
    # One that is bundled has the parent's name, and another network.
    recipe("infection").rename(tmp_path / "infnet-small.toml")
    child = tmp_path / "child.toml"
    child.write_text(
        'parent = "infnet-small"\nepochs = 1\nbatch_size = 8\ndevice = "cpu"\n'
    )
    entry = train(store, "second", child, fold, "none")
    parent = find_model(f"infnet-small{end}")
    assert entry.card.name == f"second{end}"
    assert entry.card.training["weights_from"] == parent.card.name
    assert entry.card.parent_sha256 == parent.card.weights_sha256
    assert parent.origin == "user"


def test_a_parent_that_nothing_says_how_to_train_is_refused(store, tmp_path):
    child = tmp_path / "child.toml"
    child.write_text('parent = "first"\nepochs = 1\n')
    with pytest.raises(UsageError, match=r"from 'first-fold1', .* no first.toml"):
        train(store, "second", child, 1, "none")

from __future__ import annotations

import sys

import pytest
import train_model
from training import parent_of

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.registry.store import find_model


def test_the_bundled_parent_is_no_parent_of_what_is_to_be_bundled():
    with pytest.raises(UsageError, match="train 'infnet-small' first"):
        train_model.require_trained("infnet-small")
    train_model.require_trained(None)


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


def test_a_fold_goes_on_from_its_own_parent(store, recipe, tmp_path, monkeypatch):
    def train(name, config):
        words = [name, "--store", store.root, "--config", config, "--fold", 0]
        words += ["--progress", "none"]
        monkeypatch.setattr(sys, "argv", ["train", *map(str, words)])
        train_model.main()

    child = tmp_path / "child.toml"
    child.write_text('parent = "first"\nepochs = 1\nbatch_size = 8\ndevice = "cpu"\n')
    with pytest.raises(ModelRefusedError, match="first-fold0"):
        train("second", child)
    train("first", recipe("infection"))
    train("second", child)
    told = find_model("second-fold0").card.training
    assert told["weights_from"] == "first-fold0"

from __future__ import annotations

from dataclasses import replace

import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.errors import InputRefusedError, ModelRefusedError, UsageError
from covseg_core.learn.config import NewModel
from covseg_core.learn.planning import make_plan, require_free_name
from covseg_core.training.config import TrainSettings


@pytest.mark.parametrize("name", ["infnet-small", "a/b", "", ".hidden"])
def test_a_name_that_is_taken_or_no_name_is_refused(store, name):
    with pytest.raises(UsageError, match=r"there is a model|cannot be called"):
        make_plan(store, name, NewModel(), TrainSettings())


def test_a_name_of_a_model_that_is_not_listed_is_refused_too(covseg_home):
    folder = covseg_home / "models" / "damaged"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("{")
    with pytest.raises(UsageError, match="there is a model 'damaged' already"):
        require_free_name("damaged")


def test_a_store_without_a_finished_case_teaches_nothing(tmp_path):
    empty = CaseStore.create(tmp_path / "empty")
    with pytest.raises(InputRefusedError, match="no finished case to learn from"):
        make_plan(empty, "new", NewModel(), TrainSettings())


@pytest.mark.parametrize("setting", ["evenness", "rehearsal", "unlabelled"])
def test_what_changes_nothing_where_every_slice_is_seen_once_is_refused(store, setting):
    idle = TrainSettings(balance=False, **{setting: 0.2})
    with pytest.raises(UsageError, match=f"--{setting} would change nothing with --no"):
        make_plan(store, "new", NewModel(), idle)
    for settings in (TrainSettings(balance=False), TrainSettings(**{setting: 0.2})):
        assert make_plan(store, "new", NewModel(), settings).settings == settings


@pytest.fixture
def with_models_masks(store, blocks):
    """Add masks of a model to cases of all kinds; gives the store."""
    kinds = (
        ("finished", "train", "done"),
        ("fresh", "train", "new"),
        ("doubted", "train", "flagged"),
        ("judge", "held-out", "done"),
        ("chooser", "validation", "new"),
    )
    for number, (name, split, state) in enumerate(kinds, start=10):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        store.add_case(ct, case_id=name, split=split)
        for _ in range(2):
            store.add_mask(name, blocks.lesions, source="model", model="m")
        store.set_state(name, state)
    store.add_mask("train-0", blocks.lesions, source="model", model="m")
    store.add_mask("train-1", blocks.lesions, source="model", model="m")
    store.set_state("train-1", "new")
    return store


def test_masks_of_models_are_learnt_from_only_if_asked(with_models_masks):
    store = with_models_masks
    plain = make_plan(store, "new", NewModel(), TrainSettings())
    made = make_plan(store, "new", NewModel(), TrainSettings(), pseudo_labels=True)
    assert [case.case_id for case in plain.manifest.of_split("train")] == ["train-0"]
    learnt = [(case.case_id, case.version) for case in made.manifest.of_split("train")]
    # A reader's mask is never passed over for a newer one of a model.
    assert learnt == [("finished", 2), ("fresh", 2), ("train-0", 1)]


def test_masks_of_models_judge_no_model(with_models_masks):
    plans = [
        make_plan(
            with_models_masks, "new", NewModel(), TrainSettings(), pseudo_labels=asked
        )
        for asked in (False, True)
    ]
    for split in ("validation", "held-out"):
        plain, made = (plan.manifest.of_split(split) for plan in plans)
        assert made == plain
        assert [case.source for case in made] == ["manual"]


def test_with_a_parent_what_was_not_said_suits_fine_tuning(store):
    parent = NewModel(parent="infnet-small")
    made = make_plan(store, "new", parent, TrainSettings(epochs=7))
    assert (made.settings.epochs, made.settings.learning_rate) == (7, 3e-4)
    alone = make_plan(store, "new", NewModel(), TrainSettings(epochs=7))
    assert (alone.settings.epochs, alone.settings.learning_rate) == (7, 1e-3)


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ({}, 0.0),
        ({"parent": "infnet-small"}, 0.5),
        ({"parent": "infnet-small", "start": "base"}, 0.5),
        ({"parent": "infnet-small", "arch": "multi-infnet"}, 0.0),
        ({"parent": "infnet-small", "parent_share": 0.0}, 0.0),
        ({"parent": "infnet-small", "parent_share": 0.2}, 0.2),
    ],
)
def test_half_of_a_parent_of_the_same_kind_is_kept(store, said, share):
    made = make_plan(store, "new", NewModel(**said), TrainSettings())
    assert made.parent_share == share


@pytest.mark.parametrize(
    "said",
    [{}, {"parent": "infnet-small", "arch": "multi-infnet"}],
)
def test_weights_that_no_parent_has_cannot_be_mixed(store, said):
    with pytest.raises(UsageError, match="--parent-share mixes the weights"):
        make_plan(store, "new", NewModel(parent_share=0.5, **said), TrainSettings())


def test_the_card_tells_data_and_licence_of_parent_and_cases(tmp_path, blocks):
    store = CaseStore.create(tmp_path / "own")
    store.add_case(
        blocks.ct, case_id="a", split="train", collection="MedSeg", licence="CC0"
    )
    store.add_mask("a", blocks.lesions, source="manual")
    store.set_state("a", "done")
    made = make_plan(store, "new", NewModel(parent="infnet-small"), TrainSettings())
    assert made.card.data[-1] == "1 cases of 1 patients: MedSeg"
    assert "CC0" in made.card.licence
    assert "Non-commercial" in made.card.licence


def test_a_parent_without_a_network_or_that_is_not_there_is_refused(store):
    for parent, words in (("hu-threshold", "no network"), ("nobody", "no model")):
        with pytest.raises(ModelRefusedError, match=words):
            make_plan(store, "new", NewModel(parent=parent), TrainSettings())


def test_what_only_the_parent_can_say_is_refused(store):
    for change in ({"backbone": "resnet50"}, {"labels": "lesions"}):
        wanted = NewModel(parent="infnet-small", **change)
        with pytest.raises(UsageError, match="is the parent's to say"):
            make_plan(store, "new", wanted, TrainSettings())

from __future__ import annotations

from dataclasses import replace

import pytest

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.learn.config import NewNetwork
from covseg_core.learn.pretrain_plan import plan_pretraining, require_same_scans
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.training.pretrain_config import PretrainSettings


@pytest.fixture
def scans(store):
    return find_unlabelled([store.root], outlined_too=True)


def test_a_plan_says_what_is_learnt_from_what(scans):
    made = plan_pretraining(
        scans, "pre", NewNetwork(size=64), PretrainSettings(task="rotation")
    )
    assert len(set(made.scans)) == 2
    assert made.card.pretext == "rotation"
    assert made.card.data == ("2 scans or slices without masks",)
    assert "outlines nothing" in made.card.summary
    assert "until it is trained" in made.card.limits
    assert made.card.prepare.size == 64


def test_licences_of_the_cases_are_told(scans, store, blocks):
    other = replace(blocks.ct, hu=blocks.ct.hu + 9)
    store.add_case(other, case_id="more", split="train", licence="CC BY 4.0")
    more = find_unlabelled([store.root], outlined_too=True)
    made = plan_pretraining(more, "pre", NewNetwork(), PretrainSettings())
    assert made.card.licence == "CC BY 4.0"


def test_a_name_that_is_taken_and_an_unknown_network_are_refused(scans):
    with pytest.raises(UsageError, match="there is a model 'infnet-small' already"):
        plan_pretraining(scans, "infnet-small", NewNetwork(), PretrainSettings())
    with pytest.raises(ModelRefusedError, match="no architecture 'unett'"):
        plan_pretraining(scans, "pre", NewNetwork(arch="unett"), PretrainSettings())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"masks": "random", "coach_share": 0.5}, "--coach-share would change nothing"),
        ({"task": "rotation", "keep": 0.5}, "--keep would change nothing"),
        (
            {"task": "rotation", "masks": "random"},
            "--masks would change nothing with --task rotation",
        ),
    ],
)
def test_settings_that_would_change_nothing_are_refused(scans, said, words):
    with pytest.raises(UsageError, match=words):
        plan_pretraining(scans, "pre", NewNetwork(), PretrainSettings(**said))


def test_a_run_goes_on_with_its_own_images_only(scans):
    made = plan_pretraining(scans, "pre", NewNetwork(), PretrainSettings())
    require_same_scans(made, scans)
    with pytest.raises(
        UsageError, match="not the 2 images that the run 'pre' began with"
    ):
        require_same_scans(made, scans[:1])
    with pytest.raises(UsageError, match="not the 2 images"):
        require_same_scans(made, scans[::-1])


def test_no_name_of_a_file_is_kept(scans):
    made = plan_pretraining(scans, "pre", NewNetwork(), PretrainSettings())
    assert "train-0" not in made.model_dump_json()
    older = made.model_copy(update={"scans": ("train-0", "train-1")})
    require_same_scans(older, scans)
    with pytest.raises(UsageError, match="not the 2 images"):
        require_same_scans(older, scans[:1])

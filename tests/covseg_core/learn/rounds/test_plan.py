from __future__ import annotations

from dataclasses import replace

import pytest

from covseg_core.errors import InputRefusedError, ModelRefusedError, UsageError
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.learn.plan import read_plan_as, write_plan
from covseg_core.learn.rounds.config import SelfTrainSettings
from covseg_core.learn.rounds.plan import RoundsPlan, plan_rounds
from covseg_core.learn.unlabelled import find_unlabelled

pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_unlabelled_scan_becomes_a_new_case_to_learn_from(store, rounds):
    made = rounds("new")
    assert len(made.queue) == 4
    assert {each.slices for each in made.queue} == {1}
    for each in made.queue:
        record = store.read(each.case_id)
        assert (record.split, record.state, record.versions) == ("train", "new", ())
    assert [case.case_id for case in made.manifest.of_split("train")] == [
        "train-0",
        "train-1",
    ]
    assert (made.parent, made.card.parent, made.weights_from) == ("parent",) * 3


def test_the_order_follows_from_the_seed(rounds):
    one = [each.case_id for each in rounds("one", seed=1).queue]
    assert [each.case_id for each in rounds("same", seed=1).queue] == one
    other = [each.case_id for each in rounds("two", seed=2).queue]
    assert other != one
    assert sorted(other) == sorted(one)


def test_slices_are_drawn_up_to_the_limit_and_a_volume_goes_whole(
    store, rounds, blocks, tmp_path
):
    assert len(rounds("few", limit=3).queue) == 3
    path = tmp_path / "volume.nii.gz"
    write_nifti_ct(path, replace(blocks.ct, hu=blocks.ct.hu + 9))
    (volume,) = rounds("volume", paths=(path,), limit=3).queue
    assert volume.slices == blocks.ct.grid.shape[0]


def test_no_case_that_judges_and_none_that_is_outlined_is_queued(
    store, rounds, pictures, tmp_path
):
    paths = []
    for name in ("train-0", "validation-2", "held-out-3"):
        paths.append(tmp_path / f"{name}.nii.gz")
        write_nifti_ct(paths[-1], store.ct(name))
    made = rounds("new", paths=(*paths, pictures, pictures))
    assert len(made.queue) == 4
    with pytest.raises(InputRefusedError, match="none of the 3 unlabelled scans may"):
        rounds("none", paths=paths)


def test_of_a_scan_that_is_left_out_the_reason_is_told(store, parent, tmp_path):
    write_nifti_ct(tmp_path / "judge.nii.gz", store.ct("held-out-3"))
    scans = find_unlabelled([tmp_path / "judge.nii.gz"])
    steps = plan_rounds(store, scans, "new", parent, SelfTrainSettings())
    event = next(steps)
    assert (event.scan, event.case_id) == ("judge", None)
    assert "held-out" in event.reason


def test_a_plan_comes_back_from_its_file(rounds):
    made = rounds("new", confidence=0.25, recipe="u-net")
    write_plan(made)
    assert read_plan_as(RoundsPlan, "new") == made


def test_what_makes_no_sense_is_refused_before_a_scan_is_taken(store, rounds):
    before = store.case_ids()
    with pytest.raises(UsageError, match="there is a model 'parent' already"):
        rounds("parent")
    with pytest.raises(ModelRefusedError, match="no model 'nobody'"):
        rounds("new", parent="nobody")
    with pytest.raises(UsageError, match="one device"):
        rounds("new", devices=2)
    with pytest.raises(UsageError, match="leave --unlabelled away"):
        rounds("new", unlabelled=0.3)
    with pytest.raises(UsageError, match="--rehearsal would change nothing"):
        rounds("new", balance=False, rehearsal=0.2)
    with pytest.raises(UsageError, match="--last-epochs would change nothing"):
        rounds("new", recipe="u-net", last_epochs=3)
    with pytest.raises(ModelRefusedError, match="no network"):
        rounds("new", parent="hu-threshold")
    with pytest.raises(ModelRefusedError, match="'lungs-small' finds lungs"):
        rounds("new", parent="lungs-small")
    assert store.case_ids() == before


def test_its_defaults_are_those_of_the_papers_and_not_of_fine_tuning(rounds):
    plan = rounds("new")
    assert (plan.settings.epochs, plan.settings.learning_rate) == (1, 3e-4)
    assert plan.parent_share == 0
    plain = SelfTrainSettings()
    assert (plain.group, plain.limit, plain.confidence) == (16, 1600, 0.0)

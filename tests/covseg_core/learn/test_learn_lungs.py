"""A network that outlines the lungs, from the lung masks of a store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from covseg_core.cases.store import CaseStore
from covseg_core.errors import InputRefusedError
from covseg_core.learn.compare import compare_models
from covseg_core.learn.config import NewModel
from covseg_core.learn.learn import learn
from covseg_core.learn.planning import make_plan
from covseg_core.learn.slices import prepare_cases
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of
from covseg_core.training.config import TrainSettings

WANTED = NewModel(
    arch="unet", labels="lungs", backbone="mobilenetv3_small_050", size=64
)
QUICK = TrainSettings(epochs=1, batch_size=4, device="cpu", checkpoint_s=0)


@pytest.fixture
def lung_plan(store):
    return make_plan(store, "airy", WANTED, QUICK)


def test_lungs_are_outlined_on_whole_slices_by_a_network_of_their_own(lung_plan):
    card = lung_plan.card
    assert (card.label_set, card.prepare.crop) == ("lungs", "none")
    assert card.arguments["classes"] == 3
    small = make_plan_card(labels="lungs")
    assert (small.arguments["backbone"], small.arguments["width"]) == ("resnet10t", 8)


def make_plan_card(**wanted):
    from covseg_core.learn.origin import card_for

    return card_for("new", NewModel(arch="unet", **wanted))


def test_what_is_learnt_are_the_lungs_and_not_the_lesions(store, lung_plan, tmp_path):
    cases = lung_plan.manifest.of_split("train")
    data, _ = result_of(prepare_cases(store, cases, lung_plan, tmp_path / "slices"))
    assert len(data) == 2 * store.ct(cases[0].case_id).hu.shape[0]
    counts = torch.bincount(data.labels.flatten().long(), minlength=3)
    truth = np.bincount(store.lungs(cases[0].case_id).labels.ravel(), minlength=3)
    shares = counts / counts.sum(), truth / truth.sum()
    np.testing.assert_allclose(shares[0], shares[1], atol=0.02)
    assert len(counts) == 3


def test_lungs_of_one_value_are_learnt_as_two(blocks, tmp_path):
    store = CaseStore.create(tmp_path / "cases")
    one = replace(blocks.lungs, labels=(blocks.lungs.labels > 0).astype(np.uint8))
    store.add_case(blocks.ct, case_id="one", lungs=one, split="train")
    store.add_mask("one", blocks.lesions, source="manual")
    store.set_state("one", "done")
    plan = make_plan(store, "airy", WANTED, QUICK)
    data, _ = result_of(
        prepare_cases(store, plan.manifest.cases, plan, tmp_path / "slices")
    )
    right = (data.labels == 1).any(dim=1).any(dim=0).nonzero()
    left = (data.labels == 2).any(dim=1).any(dim=0).nonzero()
    assert right.max() < left.min()


def test_cases_without_lungs_are_left_out_and_a_store_of_them_is_refused(
    store, blocks, tmp_path
):
    store.add_case(replace(blocks.ct, hu=blocks.ct.hu - 9), case_id="bare")
    store.add_mask("bare", blocks.lesions, source="manual")
    store.set_state("bare", "done")
    cases = make_plan(store, "a", WANTED, QUICK).manifest.cases
    names = {case.case_id for case in cases}
    assert "bare" not in names
    assert len(names) == 4
    empty = CaseStore.create(tmp_path / "bare")
    empty.add_case(blocks.ct, case_id="bare", split="train")
    empty.add_mask("bare", blocks.lesions, source="manual")
    empty.set_state("bare", "done")
    with pytest.raises(InputRefusedError, match="no finished case of the store has bo"):
        make_plan(empty, "a", WANTED, QUICK)


def test_lungs_without_a_mask_of_lesions_are_told_what_lacks(blocks, tmp_path):
    store = CaseStore.create(tmp_path / "cases")
    store.add_case(blocks.ct, case_id="a", lungs=blocks.lungs, split="train")
    store.set_state("a", "done")
    with pytest.raises(InputRefusedError, match="both a lung mask and a mask of les"):
        make_plan(store, "airy", WANTED, QUICK)


def test_lungs_are_compared_with_lungs_side_by_side(store, lung_plan):
    """The threshold finds the blocks exactly, so its Dice is 1."""
    by_threshold = load_model(find_model("hu-threshold"))
    card = by_threshold.card.model_copy(update={"label_set": "lungs"})
    model = replace(by_threshold, card=card)
    cases = lung_plan.manifest.of_split("held-out")
    result = result_of(compare_models(store, cases, None, model, "cpu"))
    truth = store.lungs(cases[0].case_id)
    assert result.cases[0].after == 1.0
    assert result.cases[0].true_ml == pytest.approx(
        sum(truth.volumes_ml.values()), abs=1e-3
    )


def test_a_turn_of_the_circle_stores_a_model_of_lungs_and_never_promotes_it(
    store, lung_plan, covseg_home
):
    outcome = result_of(learn(store, lung_plan))
    assert outcome.model.card.label_set == "lungs"
    assert not outcome.promoted
    finer = make_plan(store, "finer", NewModel(parent="airy"), QUICK)
    again = result_of(learn(store, finer))
    assert not again.promoted
    assert ("covseg lungs --model finer" in again.reason) or again.is_worse

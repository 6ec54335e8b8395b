from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from covseg_core.cases.freeze import freeze
from covseg_core.learn.drawing import drawn_weights, evened, with_share


def test_chosen_slices_make_up_their_share_of_what_is_drawn():
    chosen = torch.tensor([True, False, False])
    weights = with_share(torch.tensor([2.0, 1.0, 1.0]), chosen, 0.25)
    assert weights[0] / weights.sum() == pytest.approx(0.25)
    assert weights[1] == weights[2]


@pytest.mark.parametrize("chosen", [[False] * 3, [True] * 3])
def test_where_all_or_none_are_chosen_nothing_changes(chosen):
    weights = torch.tensor([2.0, 1.0, 1.0])
    assert torch.equal(with_share(weights, torch.tensor(chosen), 0.25), weights)


@pytest.mark.parametrize(
    ("evenness", "shares"), [(0.0, (0.9, 0.1)), (0.5, (0.75, 0.25)), (1.0, (0.5, 0.5))]
)
def test_evenness_says_how_much_a_scan_of_few_slices_counts(evenness, shares):
    """One scan of nine slices beside one picture: 9 to 1, 3 to 1, 1 to 1."""
    cases = ("scan",) * 9 + ("picture",)
    found = evened(torch.ones(10), cases, evenness)
    found = found / found.sum()
    assert found[:9].sum().item() == pytest.approx(shares[0])
    assert found[9].item() == pytest.approx(shares[1])


def test_rehearsal_is_a_share_of_the_labelled_slices(store, plan, blocks):
    store.add_case(replace(blocks.ct, hu=blocks.ct.hu + 90), case_id="bare")
    manifest = freeze(store, unlabelled=True)
    made = plan("first", rehearsal=0.8, unlabelled=0.25)
    made = made.model_copy(update={"manifest": manifest, "old_cases": ("train-0",)})
    ids = ("train-0", "train-1", "train-1", "bare")
    found = drawn_weights(torch.tensor([1.0, 2, 3, 4]), ids, made) / len(ids)
    assert found.tolist() == pytest.approx([0.6, 0.06, 0.09, 0.25], abs=1e-6)


def test_a_run_draws_by_the_evenness_of_its_settings(plan):
    cases = ("train-0",) * 9 + ("train-1",)
    found = drawn_weights(torch.ones(10), cases, plan("first", evenness=1.0))
    assert found[:9].sum().item() == pytest.approx(found[9].item())

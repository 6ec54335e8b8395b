from __future__ import annotations

import pytest
import torch

from covseg_core.learn.rounds.data import RoundsData
from covseg_core.steps import result_of


@pytest.mark.parametrize("evenness", [0.0, 1.0])
def test_slices_are_drawn_by_evenness(store, rounds, tmp_path, evenness):
    plan = rounds("new", evenness=evenness)
    data = RoundsData(store, plan, tmp_path / "slices")
    result_of(data.add_true())
    alone = len(data.true) // 2
    by_slice = RoundsData(
        store, plan.model_copy(update={"settings": _uneven(plan)}), tmp_path / "slices"
    )
    result_of(by_slice.add_true())
    torch.testing.assert_close(
        data.true.weights * alone**evenness, by_slice.true.weights
    )
    assert torch.equal(data.both.weights, data.true.weights)


def _uneven(plan):
    return plan.settings.model_copy(update={"evenness": 0.0})

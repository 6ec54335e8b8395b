from __future__ import annotations

import held_out
from by_hand import write_results
from held_out import finder_of

from covseg_core.registry.store import find_model


def test_lungs_of_a_fold_are_found_at_the_threshold_of_their_results(
    tmp_path, monkeypatch
):
    write_results(tmp_path, name="lungs-small")
    monkeypatch.setattr(held_out, "RESULTS", tmp_path)
    card = find_model("lungs-small").card
    assert card.threshold != 0.4
    finder = finder_of("lungs-small", 0)
    assert finder.card == card.model_copy(update={"threshold": 0.4})


def test_without_a_pattern_nothing_finds_the_lungs_for_a_fold():
    assert finder_of("", 0) is None

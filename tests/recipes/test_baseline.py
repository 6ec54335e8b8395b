from __future__ import annotations

from baseline import BASELINE, against_baseline
from by_hand import case, make_results


def lines_of(**more):
    """A model of three volumes and its baseline, which knows two of them."""
    new = [case("a", 0, 0.9), case("b", 0, 0.7), case("c", 1, 0.1)]
    plain = make_results(name=BASELINE, cases=[case("a", 0, 0.6), case("b", 0, 0.8)])
    return list(against_baseline([plain, make_results(cases=new, **more)]))


def test_models_are_compared_on_the_cases_that_both_were_asked_about():
    told = "| small | MedSeg: volumes | 2 | 0.700 | 0.800 | +0.100 (-0.100 to +0.300) |"
    assert lines_of()[-1] == told


def test_cases_with_nothing_to_find_are_left_out():
    rows = [case("a", 0, None), case("b", 0, 0.7)]
    plain = make_results(name=BASELINE, cases=[case("a", 0, 0.6), case("b", 0, 0.8)])
    lines = list(against_baseline([make_results(cases=rows), plain]))
    assert lines[-1] == "| small | MedSeg: volumes | 1 | 0.800 | 0.700 | -0.100 |"


def test_a_model_of_lungs_is_not_compared_with_one_of_infection():
    assert "small" not in "\n".join(lines_of(label_set="lungs"))


def test_without_a_baseline_nothing_is_said():
    assert list(against_baseline([make_results()])) == []

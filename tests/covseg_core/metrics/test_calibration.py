from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.special import expit

from covseg_core.metrics.calibration import Reliability


def counted(*groups):
    """Count groups of (probability, voxels, infected voxels)."""
    p = np.concatenate([np.full(n, value, np.float32) for value, n, _ in groups])
    truth = np.concatenate([np.arange(n) < sick for _, n, sick in groups])
    return Reliability.of(p, truth)


@pytest.fixture(scope="module")
def overconfident():
    """A network whose logits are 2.5 times what they should be."""
    rng = np.random.default_rng(7)
    logits = rng.normal(-1, 1.5, 200_000)
    truth = rng.random(logits.size) < expit(logits)
    return Reliability.of(expit(2.5 * logits).astype(np.float32), truth)


def test_what_came_true_as_often_as_told_has_no_error():
    told = counted((0.2, 100, 20), (0.5, 40, 20), (0.9, 50, 45))
    assert told.ece() == pytest.approx(0, abs=1e-6)
    assert told.best_temperature() == pytest.approx(1, abs=1e-4)


def test_the_error_is_the_mean_distance_of_all_voxels():
    # 100 voxels are off by 0.1 and 300 by 0.3.
    told = counted((0.2, 100, 10), (0.7, 300, 300))
    assert told.ece() == pytest.approx(0.25, abs=1e-6)


def test_voxels_of_one_wide_bin_are_judged_together():
    # Off by 0.2 to either side, right on the mean.
    told = counted((0.3, 100, 50), (0.7, 100, 50))
    assert told.ece(bins=1) == pytest.approx(0, abs=1e-6)
    assert told.ece(bins=2) == pytest.approx(0.2, abs=1e-6)


def test_the_log_likelihood_is_that_of_a_coin():
    told = counted((0.8, 10, 8))
    by_hand = -(8 * math.log(0.8) + 2 * math.log(0.2)) / 10
    assert told.nll() == pytest.approx(by_hand, rel=1e-6)


def test_the_diagram_has_a_row_for_each_bin_with_voxels():
    first, second = counted((0.2, 100, 10), (0.7, 300, 270)).diagram(bins=10)
    assert first == pytest.approx((0.2, 0.1, 100), rel=1e-6)
    assert second == pytest.approx((0.7, 0.9, 300), rel=1e-6)


def test_a_temperature_moves_the_probabilities_of_the_diagram():
    told = counted((0.9, 40, 30))
    # logit(0.9) = ln 9, and half of it is ln 3.
    (row,) = told.diagram(temperature=2)
    assert row == pytest.approx((0.75, 0.75, 40), rel=1e-5)
    assert told.ece() == pytest.approx(0.15, abs=1e-6)
    assert told.ece(temperature=2) == pytest.approx(0, abs=1e-5)
    assert told.best_temperature() == pytest.approx(2, rel=1e-4)


def test_the_temperature_of_a_network_that_is_too_sure_is_found(overconfident):
    found = overconfident.best_temperature()
    assert found == pytest.approx(2.5, rel=0.02)
    assert overconfident.ece() > 0.05
    assert overconfident.ece(found) < 0.005
    assert overconfident.nll(found) < overconfident.nll()


def test_the_narrow_bins_change_the_error_little(overconfident):
    rng = np.random.default_rng(7)
    logits = rng.normal(-1, 1.5, 200_000)
    truth = rng.random(logits.size) < expit(logits)
    p = expit(2.5 * logits)
    place = np.minimum((p * 15).astype(int), 14)
    exact = sum(
        abs(p[place == i].mean() - truth[place == i].mean()) * (place == i).mean()
        for i in range(15)
    )
    assert overconfident.ece() == pytest.approx(exact, abs=1e-3)


def test_records_of_two_scans_add_up_to_that_of_both():
    both = counted((0.2, 100, 10)) + counted((0.7, 300, 270))
    whole = counted((0.2, 100, 10), (0.7, 300, 270))
    assert both.n == whole.n == 400
    assert both.diagram() == whole.diagram()
    assert (both + Reliability.nothing()).diagram() == whole.diagram()


def test_the_classes_are_summed_to_infection():
    classes = np.array([[[0.5, 0.1]], [[0.3, 0.1]]], np.float32)
    told = Reliability.of(classes, np.array([[2, 0]], np.uint8))
    low, high = told.diagram()
    assert low == pytest.approx((0.2, 0, 1), rel=1e-6)
    assert high == pytest.approx((0.8, 1, 1), rel=1e-6)


def test_only_the_region_is_counted():
    p = np.array([[0.2, 0.9], [0.9, 0.9]], np.float32)
    within = np.array([[True, True], [False, False]])
    told = Reliability.of(p, np.array([[0, 1], [0, 0]]), within)
    assert told.n == 2
    assert told.diagram()[1].share_infected == 1
    assert Reliability.of(p, np.zeros((2, 2)), np.zeros((2, 2), bool)).n == 0


def test_probabilities_of_0_and_1_stay_countable():
    told = counted((0.0, 10, 0), (1.0, 10, 10))
    assert told.ece() == pytest.approx(0, abs=1e-5)
    assert 0 < told.nll() < 1e-5


def test_without_a_voxel_nothing_is_known():
    nothing = Reliability.nothing()
    assert math.isnan(nothing.ece())
    assert math.isnan(nothing.nll())
    assert nothing.diagram() == ()
    with pytest.raises(ValueError, match="no voxel was counted"):
        nothing.for_card("the lungs")


@pytest.mark.parametrize("sick", [0, 10])
def test_no_temperature_is_found_from_voxels_of_one_kind(sick):
    with pytest.raises(ValueError, match=f"got {sick} infected voxels of 10"):
        counted((0.6, 10, sick)).best_temperature()


def test_it_is_the_same_after_json(overconfident):
    again = Reliability.from_dict(json.loads(json.dumps(overconfident.as_dict())))
    assert again.diagram() == overconfident.diagram()
    assert again.best_temperature() == overconfident.best_temperature()


def test_a_record_of_another_program_is_refused():
    with pytest.raises(ValueError, match="infected: got 3 numbers"):
        Reliability.from_dict(Reliability.nothing().as_dict() | {"infected": [1, 2, 3]})


def test_a_card_is_told_region_error_and_rows():
    told = counted((0.9, 40, 30)).for_card("the lungs", temperature=2)
    assert told == {
        "region": "the lungs",
        "n": 40,
        "temperature": 2,
        "ece": 0,
        "rows": [[0.75, 0.75, 40]],
    }


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(value):
    p = np.array([0.5, value], np.float32)
    with pytest.raises(ValueError, match=r"probabilities lie in \[0, 1\]"):
        Reliability.of(p, np.zeros(2))


def test_shapes_must_be_those_of_the_truth():
    p = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"probabilities must have the shape"):
        Reliability.of(p, np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"within must have the shape"):
        Reliability.of(p, np.zeros((2, 3)), np.ones(3, bool))


def test_a_temperature_of_nothing_is_refused():
    with pytest.raises(ValueError, match="got the temperature 0; it must be above 0"):
        counted((0.5, 2, 1)).ece(temperature=0)

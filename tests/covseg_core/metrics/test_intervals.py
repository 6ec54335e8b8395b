from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from covseg_core.metrics.intervals import (
    Interval,
    bootstrap_interval,
    compare_paired,
    mean_interval,
)


def all_flips(sums):
    """Share of all sign flips at least as far from 0, one by one."""
    observed = abs(sum(sums))
    ways = list(itertools.product((1, -1), repeat=len(sums)))
    far = [
        abs(sum(sign * value for sign, value in zip(signs, sums, strict=True)))
        for signs in ways
    ]
    return sum(value >= observed - 1e-9 for value in far) / len(ways)


def test_the_interval_is_the_mean_and_1_96_standard_errors():
    interval = mean_interval([1.0, 2.0, 3.0, math.nan])
    reach = 1.96 * 1.0 / math.sqrt(3)
    assert interval == Interval(2.0, 2 - reach, 2 + reach, 3)


def test_one_value_has_no_interval_and_none_has_no_mean():
    one, none = mean_interval([0.5]), mean_interval([math.nan])
    assert (one.mean, one.n) == (0.5, 1)
    assert math.isnan(one.low)
    assert (none.n, math.isnan(none.mean)) == (0, True)


def test_the_bootstrap_of_two_patients_reaches_from_one_to_the_other():
    # Each is drawn twice in a quarter of the draws.
    interval = bootstrap_interval([0.2, 0.4, 0.8], ["a", "a", "b"])
    assert interval.mean == pytest.approx(1.4 / 3)
    assert interval.low == pytest.approx(0.3)
    assert interval.high == pytest.approx(0.8)


def test_the_bootstrap_of_many_patients_comes_near_the_normal_interval():
    values = np.random.default_rng(1).normal(0.7, 0.1, 400)
    normal, resampled = mean_interval(values), bootstrap_interval(values)
    assert resampled.low == pytest.approx(normal.low, abs=1e-3)
    assert resampled.high == pytest.approx(normal.high, abs=1e-3)


def test_slices_of_one_patient_count_less_than_as_many_patients():
    values = np.repeat(np.random.default_rng(2).uniform(size=10), 20)
    patients = [str(number // 20) for number in range(200)]
    grouped, single = bootstrap_interval(values, patients), bootstrap_interval(values)
    assert grouped.high - grouped.low > 3 * (single.high - single.low)


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(3).uniform(size=30)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_a_patient_without_a_defined_value_takes_no_part():
    with_gap = bootstrap_interval([0.2, math.nan, 0.8], ["a", "b", "c"])
    assert with_gap == bootstrap_interval([0.2, 0.8], ["a", "c"])
    alone = bootstrap_interval([0.2, 0.3], ["a", "a"])
    assert alone.n == 2
    assert math.isnan(alone.low)


def test_the_p_value_of_few_patients_is_counted_over_all_flips():
    before = [0.5, 0.6, 0.7, 0.4, 0.3]
    after = [0.6, 0.65, 0.68, 0.6, 0.35]
    compared = compare_paired(before, after)
    differences = np.subtract(after, before)
    assert compared.p_value == pytest.approx(all_flips(differences.tolist()))
    assert compared.difference == pytest.approx(differences.mean())
    assert (compared.mean_before, compared.mean_after) == pytest.approx((0.5, 0.576))
    assert compared.low < compared.difference < compared.high
    assert compared.n == 5


def test_cases_of_one_patient_flip_together():
    differences = [0.1, 0.2, -0.05, 0.3]
    compared = compare_paired([0] * 4, differences, ["a", "a", "b", "c"])
    assert compared.p_value == pytest.approx(all_flips([0.3, -0.05, 0.3]))


def test_two_patients_can_never_show_a_difference():
    assert compare_paired([0.1, 0.1], [0.9, 0.9]).p_value == 0.5


def test_flips_beyond_twelve_patients_are_drawn_and_come_near_the_exact_share():
    differences = np.random.default_rng(5).normal(0.03, 0.1, 13)
    compared = compare_paired(np.zeros(13), differences)
    assert compared.p_value == pytest.approx(all_flips(differences.tolist()), abs=0.015)
    assert compared == compare_paired(np.zeros(13), differences)


def test_a_clear_gain_of_many_patients_never_gets_a_p_value_of_zero():
    compared = compare_paired(np.zeros(40), np.full(40, 0.2))
    assert compared.p_value == pytest.approx(1 / 10_001)
    assert compared.low == pytest.approx(0.2)


def test_two_equal_models_do_not_differ():
    compared = compare_paired([0.3, 0.5, 0.9], [0.3, 0.5, 0.9])
    assert (compared.difference, compared.p_value) == (0.0, 1.0)
    assert (compared.low, compared.high) == (0.0, 0.0)


def test_a_pair_with_an_undefined_value_is_left_out():
    compared = compare_paired([0.1, math.nan, 0.3], [0.2, 0.9, math.nan])
    assert compared.n == 1
    assert compared.mean_before == 0.1
    assert math.isnan(compared.low)


def test_no_case_gives_no_comparison():
    compared = compare_paired([], [])
    assert compared.n == 0
    assert math.isnan(compared.difference)
    assert math.isnan(compared.p_value)


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same cases, got 2 and 1 values"):
        compare_paired([1, 2], [1])
    with pytest.raises(ValueError, match="2 values need as many patients, got 1"):
        bootstrap_interval([1, 2], ["a"])

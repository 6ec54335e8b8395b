from __future__ import annotations

from typing import get_args

import pytest

from covseg_core.cases.record import CaseRecord, MaskVersion
from covseg_core.cases.worklist import (
    CaseFilter,
    Order,
    confidence_in,
    in_order,
    next_case,
    tally,
)

HASH = "0" * 64


def version(number, source="model", **facts):
    return MaskVersion(
        number=number,
        file=f"v{number:04d}_{source}.nii.gz",
        sha256=HASH,
        label_set="lesions",
        source=source,
        created_utc="2026-01-01T00:00:00+00:00",
        **facts,
    )


def case(name, *versions, **facts):
    facts = {"split": "train"} | facts
    return CaseRecord(
        case_id=name,
        patient="p-000000000000",
        ct_sha256=HASH,
        image_sha256=HASH,
        is_hu=True,
        kind="nifti",
        versions=versions,
        created_utc="2026-01-01T00:00:00+00:00",
        **facts,
    )


def unsure(name, confidence, **facts):
    return case(name, version(1, confidence=confidence), **facts)


@pytest.fixture
def cases():
    """Sure, unsure, corrected by hand, without a mask, without a confidence."""
    return (
        unsure("a", 0.9, state="in progress"),
        unsure("b", 0.61),
        case("c", version(1, confidence=0.1), version(2, "edited", role="doctor")),
        case("d", split="held-out", collection="clinic"),
        case("e", version(1)),
    )


def ids(records):
    return "".join(record.case_id for record in records)


@pytest.mark.parametrize(
    ("order", "wanted"),
    [("order", "abcde"), ("uncertainty", "badec"), ("state", "abcde")],
)
def test_order_is_the_same_whatever_comes_first(cases, order, wanted):
    assert ids(in_order(cases, order)) == wanted
    assert ids(in_order(cases[::-1], order)) == wanted


def test_begun_comes_before_new_and_done_comes_last():
    states = ("done", "flagged", "new", "in progress")
    cases = [
        case(name, state=state) for name, state in zip("abcd", states, strict=True)
    ]
    assert ids(in_order(cases, "state")) == "dcba"


def test_confidence_is_that_of_the_newest_model():
    record = case("a", version(1, confidence=0.9), version(2, confidence=0.4))
    assert confidence_in(record) == 0.4


def test_confidence_does_not_count_where_a_reader_answers_for_a_mask():
    record = case("a", version(1, "manual"), version(2, confidence=0.4))
    assert confidence_in(record) is None


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (CaseFilter(), "abcde"),
        (CaseFilter(state="in progress"), "a"),
        (CaseFilter(split="held-out"), "d"),
        (CaseFilter(collection="clinic"), "d"),
        (CaseFilter(has_mask=False), "d"),
        (CaseFilter(has_mask=True), "abce"),
        (CaseFilter(role="doctor"), "c"),
        (CaseFilter(split="train", has_mask=False), ""),
    ],
)
def test_filter_keeps_what_fits_all_of_it(cases, wanted, kept):
    assert ids(filter(wanted.keeps, cases)) == kept


def test_progress_is_told_in_words():
    cases = [case(str(n), state="done") for n in range(12)]
    cases += [case(f"x{n}", state="in progress") for n in range(3)]
    cases += [case(f"y{n}") for n in range(25)]
    counted = tally(cases)
    assert (counted.done, counted.total) == (12, 40)
    assert counted.by_state["new"] == 25
    assert str(counted) == "12 of 40 done, 3 in progress"


def test_an_empty_store_has_nothing_done_of_nothing():
    assert str(tally(())) == "0 of 0 done"


@pytest.mark.parametrize("order", get_args(Order))
def test_nothing_comes_next_when_only_the_current_case_is_open(order):
    cases = [case("a"), case("b", state="done"), case("c", state="flagged")]
    assert next_case(cases, "a", order) is None
    assert next_case((), None, order) is None


class TestTheNextCase:
    def test_by_id_follows_the_current_one(self, cases):
        assert next_case(cases, None, "order").case_id == "a"
        assert next_case(cases, "b", "order").case_id == "c"
        assert next_case(cases, "b", "order").reason == "next of 4 open cases"

    def test_by_id_begins_anew_after_the_last_one(self, cases):
        assert next_case(cases, "e", "order").case_id == "a"

    def test_by_id_goes_on_after_a_case_that_is_no_longer_shown(self, cases):
        assert next_case(cases, "bb", "order").case_id == "c"

    def test_by_uncertainty_is_the_one_that_the_model_was_least_sure_of(self, cases):
        found = next_case(cases, "d", "uncertainty")
        assert found.case_id == "b"
        assert found.reason == "least certain of 4 open cases (confidence 0.61)"

    def test_without_a_confidence_the_reason_says_so(self, cases):
        unrated = cases[2:]
        reasons = []
        skipped = []
        while len(skipped) < len(unrated):
            found = next_case(unrated, None, "uncertainty", skipped)
            skipped.append(found.case_id)
            reasons.append(found.reason)
        assert skipped == ["d", "e", "c"]
        assert reasons == [
            "no mask yet, first of 3 open cases",
            "its model told no confidence, first of 2 open cases",
            "outlined by a reader but not done, first of 1 open case",
        ]

    def test_by_state_was_begun_before(self, cases):
        found = next_case(cases, None, "state")
        assert found.case_id == "a"
        assert found.reason == "begun before, first of 5 open cases"
        assert next_case(cases, "a", "state").reason == "new, first of 4 open cases"

    def test_skipped_cases_come_when_no_other_is_open(self, cases):
        assert next_case(cases, None, "uncertainty", {"b"}).case_id == "a"
        found = next_case(cases, None, "uncertainty", set("abcde"))
        assert found.case_id == "b"
        assert found.reason == "skipped before; no other case is open"

    def test_done_and_flagged_cases_are_never_next(self):
        cases = [
            unsure("a", 0.1, state="done"),
            unsure("b", 0.2, state="flagged"),
            unsure("c", 0.9),
        ]
        found = next_case(cases, None, "uncertainty")
        assert found.case_id == "c"
        assert found.reason == "least certain of 1 open case (confidence 0.90)"

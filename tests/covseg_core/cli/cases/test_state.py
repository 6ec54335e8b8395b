from __future__ import annotations

from covseg_core.cases.store import CaseStore


def test_a_state_is_set_with_a_comment(covseg, filled):
    words = ["case-0001", "in progress", "--comment", "apex is missing"]
    answer = covseg("cases", "state", filled, *words)
    assert (answer.code, answer.out) == (0, "case-0001: in progress\n")
    record = CaseStore(filled).read("case-0001")
    assert (record.state, record.comment) == ("in progress", "apex is missing")


def test_an_unknown_state_is_refused(refused, filled):
    line = refused(2, "cases", "state", filled, "case-0001", "finished")
    assert '"in progress"' in line

from __future__ import annotations

import pytest


def promoted(covseg):
    rows = covseg("models", "list", "--json").json
    (name,) = [row["name"] for row in rows if row["promoted"]]
    return name


def test_a_promotion_is_listed_and_taken_back(covseg, refused):
    answer = covseg("models", "promote", "infnet-small")
    assert answer.out == "predict runs infnet-small when no model is named\n"
    assert promoted(covseg) == "infnet-small"
    answer = covseg("models", "rollback")
    assert answer.out == "predict runs infnet-multi-small when no model is named\n"
    assert promoted(covseg) == "infnet-multi-small"
    assert "there is nothing to go back to" in refused(4, "models", "rollback")


def test_removing_the_promoted_model_says_what_predict_runs_now(covseg, tiny_model):
    covseg("models", "promote", tiny_model)
    answer = covseg("models", "remove", tiny_model)
    assert answer.out == (
        "removed tiny\npredict runs infnet-multi-small when no model is named\n"
    )
    assert promoted(covseg) == "infnet-multi-small"
    last = covseg("models", "list").out.splitlines()[-1]
    assert last.startswith("note: 'tiny' was promoted, but ")


def test_removing_another_model_says_no_more(covseg, tiny_model):
    assert covseg("models", "remove", tiny_model).out == "removed tiny\n"


@pytest.mark.parametrize("command", [["list"], ["rollback"], ["promote", "tiny"]])
def test_a_damaged_history_is_refused_by_name(
    command, covseg, refused, tiny_model, covseg_home
):
    (covseg_home / "models" / "promoted.json").write_text("{")
    assert "promoted.json" in refused(4, "models", *command)
    assert covseg("models", "show", tiny_model).code == 0
    assert covseg("models", "remove", tiny_model).out == "removed tiny\n"


def test_what_is_no_model_of_the_store_is_not_promoted(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "there is no model 'absent'" in refused(4, "models", "promote", "absent")

from __future__ import annotations

import pytest
from folds import FOLDS, fold_of, in_fold
from sources import MEDSEG_CASES, ONE_PATIENT, dealt, patient_of
from training import plan_of

from covseg_core.errors import UsageError


@pytest.fixture
def plan(store, recipe):
    return plan_of(store, "new", recipe("infection"))


def test_every_labelled_case_is_held_out_once():
    cases = [case for fold in FOLDS for case in fold]
    assert len(cases) == len(set(cases)) == 50 + 6 + 4


def test_neighbouring_pictures_are_held_out_together():
    assert {fold_of(f"slice-{number:02d}") for number in range(20, 30)} == {2}
    assert fold_of("medseg-08") == 3
    assert fold_of("lctsc-104") == 4


def test_two_scans_of_one_patient_are_held_out_together():
    assert {patient_of(name) for name in ONE_PATIENT} == {"medseg-02"}
    assert {fold_of(name) for name in ONE_PATIENT} == {4}
    assert patient_of("medseg-05") == "medseg-05"


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_volumes_are_dealt_by_patient(folds):
    groups = dealt(folds)
    assert sorted(number for group in groups for number in group) == list(MEDSEG_CASES)
    assert all(groups)
    assert sum({"02", "03"} <= set(group) for group in groups) == 1


def test_an_unlabelled_case_is_never_held_out():
    assert fold_of("case001_017") is None


def test_a_fold_is_held_out_and_all_else_learnt_from(plan):
    split = in_fold(plan, 1)
    assert split.name == split.card.name == "new-fold1"
    held_out = [case.case_id for case in split.manifest.of_split("held-out")]
    assert held_out == ["medseg-06", "slice-10", "slice-11"]
    learnt = [case.case_id for case in split.manifest.of_split("train")]
    assert learnt == ["lctsc-101", "medseg-01", "slice-00"]
    assert split.card.data_sha256 == split.manifest.sha256 != plan.manifest.sha256


def test_no_patient_is_on_both_sides(plan):
    for fold in (0, 1):
        manifest = in_fold(plan, fold).manifest
        held_out = {case.patient for case in manifest.of_split("held-out")}
        assert not held_out & {case.patient for case in manifest.learnt_from}


def test_a_patient_with_cases_in_two_folds_is_refused(plan):
    cases = tuple(
        case.model_copy(update={"patient": "p-1"}) for case in plan.manifest.cases
    )
    manifest = plan.manifest.model_copy(update={"cases": cases})
    with pytest.raises(UsageError, match="a patient of fold 0 has cases outside it"):
        in_fold(plan.model_copy(update={"manifest": manifest}), 0)


def test_a_parent_that_knows_a_held_out_case_is_refused(plan):
    wrong = plan.model_copy(update={"old_cases": ("medseg-06",), "weights_from": "p"})
    with pytest.raises(UsageError, match="'p' has learnt from medseg-06"):
        in_fold(wrong, 1)
    assert in_fold(wrong, 0).weights_from == "p"


def test_a_fold_that_the_store_has_no_case_of_is_refused(plan):
    with pytest.raises(UsageError, match="fold 4 has 0 of 6 cases"):
        in_fold(plan, 4)

from __future__ import annotations

import pytest

from covseg_core.cases.freeze import TrainingManifest, freeze
from covseg_core.cases.seal import unsealed
from covseg_core.errors import UsageError


@pytest.fixture
def done(filled):
    for case_id in ("case-0001", "case-0002"):
        filled.set_state(case_id, "done")
    return filled


def test_the_newest_trusted_mask_of_each_finished_case_is_taken(done):
    manifest = freeze(done)
    assert [case.case_id for case in manifest.cases] == ["case-0001", "case-0002"]
    first, record = manifest.cases[0], done.read("case-0001")
    assert (first.version, first.source, first.label_set) == (1, "manual", "lesions")
    assert first.mask_sha256 == record.version(1).sha256
    assert (first.ct_sha256, first.lungs_sha256) == (
        record.ct_sha256,
        record.lungs_sha256,
    )
    assert (first.patient, first.split, first.is_hu) == (record.patient, "train", True)
    assert [one.case_id for one in manifest.of_split("held-out")] == ["case-0002"]


def test_cases_that_are_not_finished_are_left_out(filled):
    assert freeze(filled).cases == ()
    assert len(freeze(filled, states=["new"]).cases) == 2


def test_pseudo_labels_come_from_models_when_asked_for(done):
    (case,) = freeze(done, sources=["model"]).cases
    assert (case.case_id, case.version, case.source) == ("case-0001", 2, "model")


def test_flagged_cases_are_never_trained_on(done):
    done.set_state("case-0001", "flagged")
    assert [case.case_id for case in freeze(done).cases] == ["case-0002"]
    with pytest.raises(UsageError, match="flagged cases are never trained on"):
        freeze(done, states=["done", "flagged"])


def test_the_hash_tells_whether_two_trainings_saw_the_same(done, make_ct, make_mask):
    before = freeze(done)
    assert freeze(done) == before
    assert freeze(done).sha256 == before.sha256
    done.add_mask("case-0002", make_mask({1: 9}, make_ct(1)), source="edited", parent=1)
    assert freeze(done).sha256 != before.sha256


def test_a_manifest_is_written_whole_and_with_its_hash(done):
    manifest = freeze(done, unlabelled=True)
    document, found = unsealed(manifest.to_json(), "the manifest")
    assert TrainingManifest.model_validate(document) == manifest
    assert found == manifest.sha256


def test_scans_without_masks_are_taken_only_when_asked_for(done, make_ct):
    for number, split in enumerate(("train", "held-out", "train")):
        done.add_case(make_ct(70 + number), case_id=f"bare-{number}", split=split)
    done.set_state("bare-2", "flagged")
    assert freeze(done).unlabelled == ()
    manifest = freeze(done, unlabelled=True)
    assert [scan.case_id for scan in manifest.unlabelled] == ["bare-0"]
    assert manifest.learnt_from == (*manifest.of_split("train"), *manifest.unlabelled)
    assert manifest.sha256 != freeze(done).sha256

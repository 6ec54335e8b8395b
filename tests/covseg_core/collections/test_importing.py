from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.collections import ReadOptions, find_collection
from covseg_core.collections.importing import ImportSummary, import_collection
from covseg_core.errors import OutputError
from covseg_core.volume import Grid


@pytest.fixture
def store(tmp_path):
    return CaseStore.create(tmp_path / "store")


@pytest.fixture
def bring(store):
    """Import to the end; gives what was done and the names of the steps."""

    def call(name, folder, **options):
        collection = find_collection(name)
        listed = collection.list_cases(folder, ReadOptions(**options))
        steps, names = import_collection(store, collection, listed), []
        while True:
            try:
                names.append(next(steps).stage)
            except StopIteration as stop:
                return stop.value, names

    return call


@pytest.fixture
def mosmed(put, lesion_labels):
    put.ct("studies/CT-0/study_0001.nii.gz", 1)
    put.ct("studies/CT-1/study_0255.nii.gz", 2)
    put.ct("studies/CT-2/study_0900.nii.gz", 3)
    mask = (lesion_labels > 0).astype(np.uint8)
    put.labels("masks/study_0255_mask.nii.gz", mask)
    return put.root


@pytest.fixture
def semiseg(put):
    white = np.zeros((12, 10), np.uint8)
    white[2:4] = 255
    train = "TrainingSet/LungInfection-Train"
    for place, name, seed in (
        (f"{train}/Doctor-label", "1", 1),
        ("TestingSet/LungInfection-Test", "2", 2),
        (f"{train}/Pseudo-label", "Data-1_coronacases_org_001_1", 3),
        (f"{train}/Pseudo-label", "Data-1_coronacases_org_001_2", 4),
    ):
        put.picture(f"{place}/Imgs/{name}.png", seed)
        put.mask(f"{place}/GT/{name}.png", white)
    return put.root


def test_every_case_keeps_collection_and_licence(store, bring, mosmed):
    summary, names = bring("mosmeddata", mosmed)
    assert summary == ImportSummary(added=3, completed=0, known=0, refused=())
    records = store.list_cases()
    assert [record.case_id for record in records] == names
    assert {record.collection for record in records} == {"mosmeddata"}
    assert {record.licence for record in records} == {"CC BY-NC-ND 3.0"}


def test_outlined_cases_are_done_and_others_new(store, bring, mosmed, lesion_labels):
    bring("mosmeddata", mosmed)
    states = {record.case_id: record.state for record in store.list_cases()}
    assert list(states.values()) == ["done", "done", "new"]
    assert not store.mask("mosmed-study_0001").labels.any()
    mask = store.mask("mosmed-study_0255")
    assert np.array_equal(mask.labels, lesion_labels > 0)
    assert store.read("mosmed-study_0255").versions[0].note == "severity CT-1"
    assert store.read("mosmed-study_0900").comment == "severity CT-2"


def test_the_same_import_again_changes_nothing(store, bring, mosmed):
    bring("mosmeddata", mosmed)
    before = store.list_cases()
    summary, _ = bring("mosmeddata", mosmed)
    assert summary == ImportSummary(added=0, completed=0, known=3, refused=())
    assert store.list_cases() == before


def test_a_mask_that_an_import_was_stopped_before_is_added(
    store, bring, mosmed, make_ct
):
    store.add_case(make_ct(2), case_id="mosmed-study_0255", collection="mosmeddata")
    summary, _ = bring("mosmeddata", mosmed)
    assert (summary.added, summary.completed, summary.known) == (2, 1, 0)
    assert store.read("mosmed-study_0255").state == "done"


def test_a_scan_of_your_own_is_left_as_it_is(store, bring, mosmed, make_ct):
    store.add_case(make_ct(2), case_id="mine", collection="clinic")
    summary, _ = bring("mosmeddata", mosmed)
    assert (summary.added, summary.known) == (2, 1)
    assert store.read("mine").versions == ()


def test_a_full_disk_tells_how_many_cases_are_in(store, bring, mosmed, monkeypatch):
    add_case = store.add_case

    def fill(ct, **facts):
        if store.case_ids():
            raise OutputError("the disk is full.")
        return add_case(ct, **facts)

    monkeypatch.setattr(store, "add_case", fill)
    with pytest.raises(OutputError, match=r"full\. 1 of 3 cases are in the store; the"):
        bring("mosmeddata", mosmed)
    monkeypatch.undo()
    summary, _ = bring("mosmeddata", mosmed)
    assert (summary.added, summary.known) == (2, 1)


def test_a_bad_case_does_not_stop_the_others(store, bring, mosmed):
    bad = mosmed / "studies/CT-1/study_0255.nii.gz"
    bad.write_bytes(bad.read_bytes()[:300])
    summary, _ = bring("mosmeddata", mosmed)
    assert summary.added == 2
    ((name, why),) = summary.refused
    assert name == "mosmed-study_0255"
    assert "study_0255.nii.gz" in why
    assert str(mosmed) not in why


def test_a_mask_that_lies_elsewhere_leaves_no_case(store, bring, mosmed, put):
    put.labels(
        "masks/study_0255_mask.nii.gz",
        np.zeros((4, 20, 24), np.uint8),
        Grid.from_spacing((4, 20, 24), (5.0, 0.7, 0.7)),
    )
    summary, _ = bring("mosmeddata", mosmed)
    assert [name for name, _ in summary.refused] == ["mosmed-study_0255"]
    assert not store.has("mosmed-study_0255")


def test_published_splits_are_kept(store, bring, semiseg):
    bring("covid-semiseg", semiseg)
    splits = {record.case_id: record.split for record in store.list_cases()}
    assert splits["semiseg-train-1"] == "train"
    assert splits["semiseg-test-2"] == "held-out"


def test_pseudo_labels_come_later_as_masks_of_a_model(store, bring, semiseg):
    bring("covid-semiseg", semiseg)
    name = "semiseg-pseudo-Data-1_coronacases_org_001_1"
    assert store.read(name).versions == ()
    summary, _ = bring("covid-semiseg", semiseg, with_pseudo_labels=True)
    assert (summary.completed, summary.known) == (2, 2)
    record = store.read(name)
    assert (record.state, record.versions[0].source) == ("new", "model")


def test_a_patient_stays_in_the_split_that_another_collection_put_them_in(
    store, bring, semiseg, make_ct
):
    store.add_case(make_ct(9), patient="coronacases 001", split="held-out")
    summary, _ = bring("covid-semiseg", semiseg)
    assert summary.refused == ()
    pseudonym = store.pseudonym("coronacases 001")
    records = [one for one in store.list_cases() if one.patient == pseudonym]
    assert [record.split for record in records] == ["held-out"] * 3


def test_no_patient_is_in_two_splits(store, bring, put, semiseg):
    for number in range(1, 13):
        for place in (1, 2):
            put.picture(f"Patient {number}/CT/{place}.jpg", 20 * number + place)
    bring("covid-semiseg", semiseg)
    bring("ictcf", put.root)
    splits = {}
    for record in store.list_cases():
        splits.setdefault(record.patient, set()).add(record.split)
    assert {len(found) for found in splits.values()} == {1}
    assert set.union(*splits.values()) == {"train", "validation", "held-out"}


def test_names_of_own_files_are_nowhere_in_the_store(store, bring, put):
    put.ct("images/Jane_Doe.nii.gz")
    bring("nifti-pairs", put.root)
    assert [record.case_id for record in store.list_cases()] == ["case-0001"]
    texts = [path.read_bytes() for path in store.root.rglob("*") if path.is_file()]
    assert not any(b"Doe" in text for text in texts)

from __future__ import annotations

from typing import NamedTuple

import pytest

from covseg_core.cases.patients import choose_split, pseudonym_of
from covseg_core.errors import InputRefusedError, UsageError


class Record(NamedTuple):
    patient: str
    split: str


def test_a_pseudonym_depends_on_the_store_and_not_on_how_a_name_is_typed():
    name = pseudonym_of("Doe^Jane", "salt")
    assert pseudonym_of("  DOE^jane ", "salt") == name
    assert pseudonym_of("Doe^Jane", "pepper") != name
    assert pseudonym_of("Doe^John", "salt") != name
    assert name.startswith("p-")
    assert len(name) == 14
    int(name[2:], 16)


def test_new_patients_go_where_they_are_most_needed():
    records = []
    for number in range(20):
        split = choose_split(records, f"p{number}")
        records.append(Record(f"p{number}", split))
    first = [record.split for record in records[:5]]
    assert first == ["train", "held-out", "train", "validation", "train"]
    counts = [record.split for record in records]
    assert counts.count("train") == 12
    assert counts.count("held-out") == counts.count("validation") == 4


def test_a_patient_with_many_scans_counts_once():
    records = [Record("p0", "train")] * 9
    assert choose_split(records, "p1") == "held-out"


def test_a_patient_stays_in_one_split():
    records = [Record("p0", "train")]
    assert choose_split(records, "p0") == "train"
    assert choose_split(records, "p0", "train") == "train"
    with pytest.raises(InputRefusedError, match="are in the split 'train' and stay"):
        choose_split(records, "p0", "held-out")


def test_a_new_patient_goes_where_the_user_says():
    assert choose_split([], "p0", "held-out") == "held-out"
    with pytest.raises(UsageError, match="the split 'test' is none of train, "):
        choose_split([], "p0", "test")

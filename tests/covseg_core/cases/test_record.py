from __future__ import annotations

import json

import pytest

from covseg_core.cases.record import (
    TRUSTED,
    CaseRecord,
    MaskVersion,
    parse_record,
    render_record,
    revised,
    stated,
)
from covseg_core.errors import InputRefusedError, UsageError

HASH = "ab" * 32


def version(number, source="manual", **facts):
    return MaskVersion(
        number=number,
        file=f"v{number:04d}_{source}.nii.gz",
        sha256=HASH,
        label_set="lesions",
        source=source,
        created_utc="2020-03-01T12:00:00+00:00",
        **facts,
    )


@pytest.fixture
def record():
    return CaseRecord(
        case_id="case-0001",
        patient="p-0123456789ab",
        split="train",
        ct_sha256=HASH,
        image_sha256=HASH,
        is_hu=True,
        kind="nifti",
        versions=(version(1, "model"), version(2), version(3, "model", parent=2)),
        created_utc="2020-03-01T12:00:00+00:00",
    )


def test_a_record_comes_back_as_it_was(record):
    assert parse_record(render_record(record), "case-0001") == record


def test_the_newest_mask_is_found_among_the_wanted_sources(record):
    assert record.newest().number == 3
    assert record.newest(TRUSTED).number == 2
    assert record.newest(["edited"]) is None


def test_a_version_is_found_by_its_number(record):
    assert record.version(2).source == "manual"
    with pytest.raises(InputRefusedError, match="has no mask 9; it has 1, 2, 3"):
        record.version(9)
    with pytest.raises(InputRefusedError, match="has no mask 1; it has none yet"):
        revised(record, versions=()).version(1)


def test_only_a_version_with_siblings_is_beside():
    assert not version(2, parent=1).is_beside
    assert version(3, parent=1, beside=(2,)).is_beside


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"split": "test"}, "split: input should be 'train'"),
        ({"ct_sha256": "12"}, "ct_sha256: "),
        ({"patient": "Jane Doe"}, "patient: "),
        ({"colour": "red"}, "colour: extra inputs"),
        ({"versions": [{"number": 0}]}, "versions.0.number: "),
    ],
)
def test_a_malformed_record_names_case_and_field(record, change, field):
    text = json.dumps(json.loads(render_record(record)) | change)
    with pytest.raises(InputRefusedError, match="the record of case-0001") as refusal:
        parse_record(text, "case-0001")
    assert field in str(refusal.value)


def test_a_mask_cannot_lie_outside_its_folder(record):
    facts = dict(version(1)) | {"file": "../../v0001_manual.nii.gz"}
    with pytest.raises(UsageError, match=r"^file: "):
        stated(MaskVersion, facts)


def test_a_record_changed_by_hand_is_refused(record):
    text = render_record(record).replace('"train"', '"held-out"')
    with pytest.raises(InputRefusedError, match="changed by hand or damaged"):
        parse_record(text, "case-0001")


def test_a_record_belongs_to_its_folder(record):
    with pytest.raises(InputRefusedError, match="'other' calls itself 'case-0001'"):
        parse_record(render_record(record), "other")


def test_a_wrong_change_names_its_field(record):
    with pytest.raises(UsageError, match=r"^state: input should be 'new'"):
        revised(record, state="finished")

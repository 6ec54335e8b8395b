from __future__ import annotations

import json
from dataclasses import replace

from covseg_core.reports.severity.as_json import json_of
from covseg_core.reports.severity.facts import Identifiers
from covseg_core.transforms.fingerprint import hash_ct


def test_the_document_says_what_was_measured_by_what_on_what(
    block_case, block_report, block_facts
):
    document = json_of(block_case, block_report, block_facts)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["warning"] == "For research use only; not for diagnosis."
    assert document["model"] == {
        "name": "infnet-multi-small",
        "weights_sha256": "ab" * 32,
        "threshold": 0.5,
    }
    assert document["mask"] == {"kind": "model", "sha256": "cd" * 32}
    assert document["input"]["sha256"] == hash_ct(block_case.ct)
    assert document["opacity"]["both"]["percent_opacity"] == 7.0
    assert document["scores"]["pan_25"]["total"] == 7
    assert document["level"]["value"] == "severe"
    assert document["reader_judgement"] == {"co_rads": None, "rsna": None, "note": ""}
    assert "identifiers" not in document


def test_a_mask_of_unknown_origin_has_no_model(block_case, block_report, block_facts):
    document = json_of(block_case, block_report, replace(block_facts, origin=None))
    assert document["model"] is None
    assert document["mask"]["kind"] is None


def test_identifiers_are_a_part_of_their_own(block_case, block_report, block_facts):
    who = Identifiers("Doe, Jane", "4711")
    document = json_of(block_case, block_report, replace(block_facts, identifiers=who))
    assert document["identifiers"]["patient_name"] == "Doe, Jane"

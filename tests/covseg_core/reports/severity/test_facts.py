from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from covseg_core.reports.severity.facts import Judgement, sha256_of_mask


def test_a_judgement_lists_what_was_said():
    assert Judgement().rows == ()
    judged = Judgement(co_rads=3, rsna="atypical", note=" seen twice ")
    assert judged.rows == (
        ("CO-RADS (reader)", "3"),
        ("RSNA category (reader)", "atypical"),
        ("Reader's note", "seen twice"),
    )


@pytest.mark.parametrize("wrong", [{"co_rads": 0}, {"co_rads": 7}, {"rsna": "maybe"}])
def test_a_category_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValidationError):
        Judgement(**wrong)


def test_the_hash_of_a_mask_is_of_its_voxels(blocks):
    same = replace(blocks.lesions, labels=blocks.lesions.labels.copy())
    assert sha256_of_mask(same) == sha256_of_mask(blocks.lesions)
    same.labels[0, 0, 0] = 1
    assert sha256_of_mask(same) != sha256_of_mask(blocks.lesions)

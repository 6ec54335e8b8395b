from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.severity.report import measure_report
from covseg_core.severity.score_change import compare_scores


@pytest.fixture(scope="module")
def healthy(blocks):
    labels = np.zeros_like(blocks.lesions.labels)
    return measure_report(
        blocks.ct, replace(blocks.lesions, labels=labels), blocks.lungs
    )


@pytest.fixture(scope="module")
def ill(blocks):
    return measure_report(blocks.ct, blocks.lesions, blocks.lungs)


def test_points_that_were_gained_are_positive(healthy, ill):
    for one in compare_scores(healthy, ill):
        wanted = ill.score(one.key)
        assert (one.earlier, one.later) == (0, wanted.total)
        assert one.difference == wanted.total > 0
        gained = [region.difference for region in one.regions]
        assert gained == [region.points for region in wanted.regions]
    assert compare_scores(ill, healthy)[0].difference == -ill.scores[0].total


def test_a_lung_that_is_missing_leaves_the_total_open(blocks, ill):
    right = np.where(blocks.lungs.labels == 1, 1, 0).astype(np.uint8)
    one_lung = measure_report(
        blocks.ct, blocks.lesions, replace(blocks.lungs, labels=right)
    )
    found = compare_scores(ill, one_lung)[0]
    assert (found.later, found.difference) == (None, None)
    assert {one.region.side for one in found.regions if one.difference is None} == {
        "left"
    }
    assert json.loads(json.dumps(found.as_dict()))["regions"][0]["side"] == "right"


def test_scores_given_to_other_regions_are_left_out(ill):
    other = [replace(one, rung="other") for one in ill.scores[1:]]
    later = replace(ill, scores=(ill.scores[0], *other))
    assert [one.key for one in compare_scores(ill, later)] == ["ct_ss"]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import INFECTION, Lung
from covseg_core.reports.severity.words import in_ml, in_percent, summary_of
from covseg_core.severity.report import measure_report


def test_the_summary_says_how_much_what_where_and_which_scores(block_report):
    # Points of the thirds: 0, 2 and 2 of the right lung, 0, 2 and 1 of the left one.
    first, classes, places, scores = summary_of(block_report)
    assert first == (
        "70.0 ml of 1000 ml lung are outlined as infected: 7.0 % (right 8.3 %, left "
        "5.0 %)."
    )
    assert classes == "Of that, 50.0 ml ground-glass opacity and 20.0 ml consolidation."
    assert places.startswith(
        "It is bilateral, in 2 separate lesions, the largest of 50.0"
    )
    assert "middle third and in the posterior half of the lungs. Of the " in places
    assert "25-point score 7 of 30 (six zones: thirds of each lung by height" in scores
    assert scores.endswith('Level of the Inf-Net papers: "severe".')


def test_an_empty_mask_is_told_without_shares_or_places(blocks):
    empty = replace(blocks.lesions, labels=np.zeros_like(blocks.lesions.labels))
    first, scores = summary_of(measure_report(blocks.ct, empty, blocks.lungs))
    assert first == "No infection is outlined in 1000 ml of lung."
    assert scores.startswith("CT-SS 0 of 40")


def test_a_mask_of_one_class_is_not_split_into_classes(blocks):
    one = replace(blocks.lesions, label_set=INFECTION)
    one = replace(one, labels=(one.labels > 0).astype(np.uint8))
    words = " ".join(summary_of(measure_report(blocks.ct, one, blocks.lungs)))
    assert "consolidation" not in words
    assert "70.0 ml of 1000 ml" in words


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_a_scan_of_one_or_two_slices_names_no_third(blocks, slices):
    kept = np.zeros_like(blocks.lungs.labels)
    kept[8 : 8 + slices] = 1
    lesions, lungs = (
        replace(mask, labels=mask.labels * kept)
        for mask in (blocks.lesions, blocks.lungs)
    )
    places = summary_of(measure_report(blocks.ct, lesions, lungs))[2]
    assert "half of the lungs" in places
    assert ("third" in places) == (slices == 3)


def test_a_score_of_a_missing_lung_is_left_out_of_the_summary(blocks):
    labels = np.where(blocks.lungs.labels == Lung.RIGHT, Lung.RIGHT, 0)
    right = replace(blocks.lungs, labels=labels.astype(np.uint8))
    words = summary_of(measure_report(blocks.ct, blocks.lesions, right))
    assert "left –" in words[0]
    assert words[-1] == 'Level of the Inf-Net papers: "severe".'


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0.0 %"),
        (0.0001, "< 0.1 %"),
        (0.05, "0.1 %"),
        (99.96, "100.0 %"),
    ],
)
def test_a_share_that_is_not_zero_never_looks_like_zero(share, words):
    assert in_percent(share) == words


@pytest.mark.parametrize(
    ("volume", "words"),
    [(None, "–"), (0.0, "0.0 ml"), (99.94, "99.9 ml"), (5000.4, "5000 ml")],
)
def test_a_volume_has_one_decimal_below_a_hundred(volume, words):
    assert in_ml(volume) == words

from __future__ import annotations

import numpy as np
import pytest
from scoring import Answer, Truth, score

from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.metrics.calibration import Reliability


def answer(ggo, consolidation):
    """Four voxels in a row, with the probability of both classes."""
    both = np.array([ggo, consolidation], np.float32)[:, None, None]
    labels = np.where(both.sum(axis=0) > 0.5, both.argmax(axis=0) + 1, 0)
    return Answer(labels.astype(np.uint8), both)


def truth(*labels, voxel_ml=2.0, region=None):
    region = None if region is None else np.array([[region]], bool)
    return Truth(np.array([[labels]], np.uint8), region, voxel_ml)


def test_infection_is_scored_with_its_classes_together():
    told = score(answer([0.9, 0.1, 0, 0], [0, 0.8, 0.9, 0]), truth(1, 2, 0, 0), LESIONS)
    # Three found, two true, both of them among the three.
    assert told["dice"] == pytest.approx(2 * 2 / 5)
    assert told["classes"] == {
        "ggo": 1.0,
        "consolidation": pytest.approx(2 / 3, abs=1e-4),
    }
    assert (told["true_ml"], told["found_ml"], told["false_ml"]) == (4.0, 6.0, None)
    assert told["mean_dice"] == pytest.approx(np.mean(told["curve"]), abs=1e-3)


def test_voxels_of_unknown_class_are_infection_but_of_no_class():
    told = score(
        answer([0.9, 0.9, 0, 0], [0, 0, 0.9, 0]), truth(1, 255, 255, 0), LESIONS
    )
    assert told["dice"] == 1.0
    # The second voxel was called opacity, and nobody can say that it is not.
    assert told["classes"] == {"ggo": 1.0}


def test_a_model_of_one_class_has_no_scores_of_classes():
    one = Answer(np.array([[[1, 0]]], np.uint8), np.array([[[[0.9, 0.2]]]], np.float32))
    told = score(one, Truth(np.array([[[2, 0]]], np.uint8), None, None), INFECTION)
    assert (told["dice"], told["classes"], told["true_ml"]) == (1.0, {}, None)


def test_without_infection_only_what_was_made_up_is_told():
    told = score(answer([0.9, 0, 0, 0], [0, 0, 0, 0]), truth(0, 0, 0, 0), LESIONS)
    assert (told["dice"], told["mean_dice"], told["curve"]) == (None, None, None)
    assert told["false_ml"] == told["found_ml"] == 2.0


@pytest.mark.parametrize(
    ("areas", "infected", "auc"),
    [
        ((2, 1, 0, 0), (1, 1, 0, 0), 1.0),
        # Of four pairs one is right, and one is a draw.
        ((0, 2, 2, 1), (1, 1, 0, 0), 0.375),
        ((1, 1), (1, 1), None),
        ((1, 0), (0, 0), None),
    ],
)
def test_slices_are_ranked_by_the_area_outlined_in_them(areas, infected, auc):
    found = np.array([[[place < area for place in range(2)]] for area in areas])
    inside = np.array([[[here, 0]] for here in infected], np.uint8)
    answer = Answer(found.astype(np.uint8), found[None].astype(np.float32))
    assert score(answer, Truth(inside, None, 1.0), INFECTION)["slice_auc"] == auc
    assert score(answer, Truth(inside, None, 1.0), LUNGS)["slice_auc"] is None


def test_probabilities_are_checked_in_the_region_alone():
    where = truth(1, 0, 0, 0, region=[1, 1, 0, 0])
    told = score(answer([0.9, 0, 0, 0], [0, 0, 0, 0]), where, LESIONS)
    counted = Reliability.from_dict(told["reliability"])
    assert (counted.n, counted.infected.sum()) == (2, 1)


def test_lungs_are_asked_how_much_of_the_infection_they_hold():
    infection = np.array([[[True, True, True, False]]])
    lungs = Truth(np.array([[[1, 1, 2, 2]]], np.uint8), None, 2.0, infection)
    told = score(answer([0.9, 0, 0, 0], [0, 0.9, 0, 0.9]), lungs, LUNGS)
    assert told["held"] == pytest.approx(2 / 3, abs=1e-4)
    nothing = Truth(lungs.labels, None, 2.0, infection & False)
    assert score(answer([0.9] * 4, [0] * 4), nothing, LUNGS)["held"] is None
    assert score(answer([0.9] * 4, [0] * 4), truth(1, 1, 1, 1), LESIONS)["held"] is None

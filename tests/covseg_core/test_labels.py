from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from covseg_core.labels import (
    INFECTION,
    LABEL_SETS,
    LESIONS,
    LUNGS,
    UNKNOWN_CLASS,
    Lesion,
    Lung,
)

SETS = [INFECTION, LESIONS, LUNGS]


def test_values_are_those_that_files_hold():
    assert LESIONS.values == (Lesion.GGO, Lesion.CONSOLIDATION) == (1, 2)
    assert LUNGS.values == (Lung.RIGHT, Lung.LEFT) == (1, 2)
    assert INFECTION.values == (1,)


def test_keys_are_those_that_reports_hold():
    assert LESIONS.keys == ("ggo", "consolidation")
    assert LUNGS.keys == ("right_lung", "left_lung")
    assert INFECTION.keys == ("infection",)


def test_every_set_is_found_by_its_name():
    assert {name: labels.name for name, labels in LABEL_SETS.items()} == {
        "infection": "infection",
        "lesions": "lesions",
        "lungs": "lungs",
    }


@pytest.mark.parametrize("labels", SETS, ids=lambda labels: labels.name)
def test_values_fit_a_mask_and_are_neither_background_nor_unknown(labels):
    assert len(set(labels.values)) == len(labels.classes)
    assert all(0 < value < UNKNOWN_CLASS for value in labels.values)
    assert np.iinfo(np.uint8).max >= UNKNOWN_CLASS


@pytest.mark.parametrize("labels", SETS, ids=lambda labels: labels.name)
def test_colours_are_seen_on_grey_and_told_apart(labels):
    colours = [np.array(label.colour) for label in labels.classes]
    for colour in colours:
        assert colour.shape == (3,)
        assert (colour >= 0).all()
        assert (colour <= 1).all()
        assert np.ptp(colour) > 0.3
    for a, b in combinations(colours, 2):
        assert np.linalg.norm(a - b) > 0.3

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.severity.places import CHANGES, compare_places
from covseg_core.severity.rigid import Rigid
from covseg_core.volume import Grid, LesionMask

GRID = Grid.from_spacing((2, 3, 8), (10.0, 10.0, 1.0))
STILL = Rigid(np.eye(3), np.zeros(3), np.zeros(3))


def row(*values):
    """A row of voxels of 0.1 ml each."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 2, : len(values)] = values
    return LesionMask(labels, GRID)


EARLIER, LATER = row(1, 0, 1, 2, 1, 2, 2, 0), row(1, 1, 2, 1, 0, 2, 2, 0)


def test_every_fate_is_counted_and_marked():
    places, changes = compare_places(EARLIER, LATER, STILL)
    assert changes.labels[1, 2].tolist() == [1, 2, 4, 5, 3, 1, 1, 0]
    assert changes.label_set is CHANGES
    assert places.new_ml == pytest.approx(0.1)
    assert places.resolved_ml == pytest.approx(0.1)
    assert places.persistent_ml == pytest.approx(0.5)
    assert places.denser_ml == pytest.approx(0.1)
    assert places.lighter_ml == pytest.approx(0.1)


def test_without_classes_nothing_becomes_denser():
    single = replace(LATER, label_set=INFECTION)
    places, changes = compare_places(EARLIER, single, STILL)
    assert (places.denser_ml, places.lighter_ml) == (None, None)
    assert places.persistent_ml == pytest.approx(0.5)
    assert set(np.unique(changes.labels)) == {0, 1, 2, 3}


def test_infection_of_unknown_class_is_persistent():
    places, _ = compare_places(row(UNKNOWN_CLASS, 1), row(2, UNKNOWN_CLASS), STILL)
    assert places.persistent_ml == pytest.approx(0.2)
    assert places.denser_ml == 0


def test_the_earlier_mask_is_moved_before():
    shifted = Rigid(np.eye(3), np.zeros(3), np.array([2.0, 0, 0]))
    places, changes = compare_places(row(1, 1), row(0, 0, 1, 1, 1), shifted)
    assert changes.labels[1, 2].tolist() == [0, 0, 1, 1, 2, 0, 0, 0]
    assert places.resolved_ml == 0


def test_earlier_infection_outside_the_later_scan_is_not_counted():
    away = Rigid(np.eye(3), np.zeros(3), np.array([-1.0, 0, 0]))
    places, _ = compare_places(row(1, 1), row(1), away)
    assert places.persistent_ml == pytest.approx(0.1)
    assert places.resolved_ml == 0

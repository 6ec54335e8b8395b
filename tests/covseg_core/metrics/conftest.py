"""Discs whose measures were computed elsewhere, and soft maps to try."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def discs():
    """A predicted and a true disc of known measures, (64, 64).

    Centres are (row, column); every measure is the same with both transposed.
    """
    rows, columns = np.mgrid[:64, :64]
    predicted = (rows - 32) ** 2 + (columns - 30) ** 2 < 11**2
    truth = (rows - 30) ** 2 + (columns - 34) ** 2 < 12**2
    return predicted, truth


@pytest.fixture
def soft():
    """A smooth map of uneven range and a mask that it half fits, (17, 23)."""
    rows, columns = np.mgrid[:17, :23]
    distance = np.hypot(rows - 7.3, columns - 12.8)
    noise = np.random.default_rng(4).uniform(0, 0.2, (17, 23))
    return 0.85 * np.exp(-((distance / 6) ** 2)) + 0.7 * noise, distance < 5

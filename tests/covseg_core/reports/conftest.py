"""The block phantom with everything that a severity report needs."""

from __future__ import annotations

import pytest

from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
from covseg_core.severity.report import measure_report


@pytest.fixture(scope="session")
def block_case(blocks):
    """50 of 600 ml ground glass right, 20 of 400 ml consolidation left."""
    return SeverityCase(blocks.ct, blocks.lesions, blocks.lungs)


@pytest.fixture(scope="session")
def block_report(blocks):
    """What is measured of it."""
    return measure_report(blocks.ct, blocks.lesions, blocks.lungs)


@pytest.fixture(scope="session")
def block_facts():
    """A model's mask of a known date."""
    return ReportFacts(
        MaskOrigin("model", "infnet-multi-small", "ab" * 32),
        0.5,
        "found by hu-threshold",
        "2026-01-02T03:04:05+00:00",
        mask_sha256="cd" * 32,
    )

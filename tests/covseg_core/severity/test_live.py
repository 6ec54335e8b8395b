from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import LESIONS
from covseg_core.severity.live import measure_severity
from covseg_core.severity.report import measure_report
from covseg_core.severity.table import rows_of
from covseg_core.steps import result_of
from covseg_core.volume import Grid


def test_the_answer_is_that_of_the_whole_scan(blocks):
    found = result_of(measure_severity(blocks.ct, blocks.lesions, blocks.lungs))
    report = measure_report(blocks.ct, blocks.lesions, blocks.lungs)
    wanted = rows_of(report, LESIONS)
    assert [one.title for one in found.rows] == [one.title for one in wanted]
    assert [one.values for one in found.rows] == [one.values for one in wanted]
    assert found.report.scores == report.scores
    assert found.report.opacity.both.percent_opacity == pytest.approx(7)


def test_infection_outside_the_lungs_and_padding_count_as_in_the_whole_scan(blocks):
    labels = blocks.lesions.labels.copy()
    labels[0, 0, 0] = 1
    lesions = replace(blocks.lesions, labels=labels)
    padding = np.zeros(labels.shape, bool)
    padding[6, 30] = True
    ct = replace(blocks.ct, padding=padding)
    found = result_of(measure_severity(ct, lesions, blocks.lungs))
    wanted = measure_report(ct, lesions, blocks.lungs)
    assert found.report.opacity == wanted.opacity
    assert found.report.scores == wanted.scores


def test_finer_measures_are_those_of_the_whole_scan_too(blocks):
    masks = blocks.lesions, blocks.lungs
    found = result_of(measure_severity(blocks.ct, *masks, finer=True)).report
    wanted = measure_report(blocks.ct, *masks)
    assert found.density.as_dict() == wanted.density.as_dict()
    assert found.distribution.as_dict() == wanted.distribution.as_dict()


def test_corrections_meanwhile_do_not_disturb_a_measurement(blocks):
    labels = blocks.lesions.labels.copy()
    lesions = replace(blocks.lesions, labels=labels)
    steps = measure_severity(blocks.ct, lesions, blocks.lungs)
    next(steps)
    next(steps)
    labels[:] = 0
    found = result_of(steps)
    assert found.report.opacity.both.percent_opacity == pytest.approx(7)


def test_empty_lungs_are_refused(blocks):
    lungs = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    with pytest.raises(InputRefusedError, match="the lung mask is empty"):
        result_of(measure_severity(blocks.ct, blocks.lesions, lungs))


def test_masks_of_another_scan_are_refused(blocks):
    grid = Grid(blocks.grid.shape, np.diag([2.5, 5.0, 4.0, 1.0]))
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        result_of(
            measure_severity(
                blocks.ct, replace(blocks.lesions, grid=grid), blocks.lungs
            )
        )

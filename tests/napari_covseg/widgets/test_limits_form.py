from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.config import PaintLimits
from covseg_core.volume import CTVolume, LungMask
from napari_covseg._convert import ct_layer
from napari_covseg.widgets._limits_form import LimitsForm


@pytest.fixture
def limits(workplace, qtbot):
    limits = LimitsForm(workplace.session)
    qtbot.addWidget(limits)
    return limits


def test_guard_holds_to_what_stands_in_the_form(limits):
    assert limits.guard.limits == PaintLimits()
    limits.form.control("only_at_density").click()
    limits.form.control("lowest_density").setValue(-800)
    assert limits.guard.limits == PaintLimits(only_at_density=True, lowest_density=-800)


def test_densities_can_be_set_once_they_limit(limits):
    assert not limits.form.control("lowest_density").isEnabled()
    limits.form.control("only_at_density").click()
    assert limits.form.control("lowest_density").isEnabled()


def test_densities_in_the_wrong_order_are_told_and_not_taken(limits):
    limits.form.control("highest_density").setValue(-950)
    assert "must be at least the lowest" in limits.note.text()
    assert limits.guard.limits == PaintLimits()


def test_unknown_lungs_are_told_until_they_are_found(limits, workplace, phantom):
    limits.form.control("only_in_lungs").click()
    assert "not known yet" in limits.note.text()
    lungs = np.ones(phantom.grid.shape, np.uint8)
    workplace.session.set_lungs(LungMask(lungs, phantom.grid))
    assert limits.note.text() == ""


def test_picture_without_hounsfield_units_is_told(limits, workplace, phantom):
    limits.form.control("only_at_density").click()
    assert limits.note.text() == ""
    grey = CTVolume(np.zeros(phantom.grid.shape, np.float32), phantom.grid, False)
    data, arguments, _ = ct_layer(grey, "picture")
    workplace.session.choose_scan(workplace.viewer.add_image(data, **arguments))
    assert "no Hounsfield units" in limits.note.text()

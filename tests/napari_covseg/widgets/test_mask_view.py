from __future__ import annotations

import numpy as np
import pytest

from napari_covseg.widgets._mask_view import MaskView


@pytest.fixture
def view(workplace, qtbot):
    view = MaskView(workplace.viewer)
    qtbot.addWidget(view)
    view.follow(workplace.editor)
    return view


def test_outline_is_shown_instead_of_the_area_and_back(view, workplace):
    view.outline_button.click()
    assert workplace.mask.contour == 1
    assert view.outline_button.isChecked()
    view.outline_button.click()
    assert workplace.mask.contour == 0


def test_opacity_goes_both_ways(view, workplace):
    assert view.opacity.value() == 45
    view.opacity.setValue(80)
    assert workplace.mask.opacity == pytest.approx(0.8)
    workplace.mask.opacity = 0.3
    assert view.opacity.value() == 30


def test_mask_as_opened_is_shown_while_the_button_is_down(view, workplace, qtbot):
    opened = workplace.mask.data.copy()
    workplace.editor.apply("Erase", np.zeros_like(opened))
    view.compare_button.click()
    seen = workplace.viewer.layers["Infection as opened"]
    np.testing.assert_array_equal(seen.data, opened)
    assert view.compare_button.isChecked()
    view.compare_button.click()
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert not view.compare_button.isChecked()


def test_another_mask_ends_the_comparison(view, workplace, qtbot):
    view.compare_button.click()
    view.follow(None)
    qtbot.waitUntil(lambda: len(workplace.viewer.layers) == 2)
    assert workplace.mask.visible
    assert not view.isEnabled()

from __future__ import annotations

import pytest

from napari_covseg._screen.slices import show_slice, shown_slice
from napari_covseg.widgets._checked_slices import CheckedSlices


@pytest.fixture
def slices(workplace, qtbot):
    slices = CheckedSlices(workplace.session)
    qtbot.addWidget(slices)
    slices.follow(workplace.editor)
    show_slice(workplace.viewer, workplace.mask, 8)
    return slices


def shown(workplace):
    return shown_slice(workplace.viewer, workplace.mask)


def test_slice_is_marked_and_unmarked_and_counted(slices, workplace):
    slices.check_button.click()
    assert workplace.editor.checked == {8}
    assert slices.count.text() == "Slice 9 of 20; 1 of 20 checked"
    assert slices.check_button.text().startswith("✓")
    slices.check_button.click()
    assert workplace.editor.checked == frozenset()
    assert not slices.check_button.text().startswith("✓")


def test_mark_belongs_to_the_slice(slices, workplace):
    slices.check_button.click()
    show_slice(workplace.viewer, workplace.mask, 9)
    assert not slices.check_button.isChecked()
    show_slice(workplace.viewer, workplace.mask, 8)
    assert slices.check_button.isChecked()


@pytest.mark.parametrize(("view", "value"), [("order", (1, 0, 2)), ("ndisplay", 3)])
def test_slice_that_is_not_seen_is_not_checked(slices, workplace, view, value):
    setattr(workplace.viewer.dims, view, value)
    slices.check()
    assert workplace.editor.checked == frozenset()
    assert not slices.check_button.isEnabled()
    assert slices.count.text() == "Show axial slices to check them; 0 of 20 checked"


def test_next_unchecked_slice_is_shown(slices, workplace):
    workplace.editor.tick(frozenset({9, 10}))
    slices.next_button.click()
    assert shown(workplace) == 11


def test_where_all_are_checked_the_slice_stays(slices, workplace):
    workplace.editor.tick(frozenset(range(20)))
    slices.next_button.click()
    assert shown(workplace) == 8


def test_most_uncertain_slices_follow_each_other(slices, workplace):
    doubt = [None] * 20
    doubt[4], doubt[12] = 0.7, 0.9
    workplace.session.set_doubt(tuple(doubt))
    for wanted in (12, 4):
        slices.uncertain_button.click()
        assert shown(workplace) == wanted
        slices.check_button.click()


def test_without_uncertainty_the_button_says_how_to_get_it(slices, workplace):
    assert not slices.uncertain_button.isEnabled()
    assert "where the model is unsure" in slices.uncertain_button.toolTip()
    workplace.session.set_doubt((0.5,) * 20)
    assert slices.uncertain_button.isEnabled()


def test_without_a_mask_nothing_can_be_checked(slices):
    slices.follow(None)
    assert not slices.check_button.isEnabled()
    assert not slices.next_button.isEnabled()
    assert slices.count.text() == ""

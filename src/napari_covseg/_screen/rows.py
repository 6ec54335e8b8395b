"""Rows of a title and a control, the same in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["add_row", "form_rows", "shrink"]


def form_rows(parent: QWidget | None = None) -> QFormLayout:
    """Make an empty layout of rows that takes the whole width.

    Parameters
    ----------
    parent : QWidget, optional
        Gets the layout.
    """
    rows = QFormLayout() if parent is None else QFormLayout(parent)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return rows


def add_row(
    rows: QFormLayout, title: str, control: QWidget, place: int | None = None
) -> None:
    """Put a control beside its title, which has the same tooltip.

    Parameters
    ----------
    rows : QFormLayout
        Where to.
    title : str
        A click on it goes to the control.
    control : QWidget
        With its tooltip.
    place : int, optional
        Number of the row, from the top; the last one if not given.
    """
    label = QLabel(title)
    label.setToolTip(control.toolTip())
    label.setBuddy(control)
    rows.insertRow(rows.rowCount() if place is None else place, label, control)


def shrink(box: QComboBox, letters: int = 12) -> None:
    """Let a box be narrower than its longest choice, but not than some letters."""
    box.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    box.setMinimumContentsLength(letters)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

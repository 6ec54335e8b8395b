"""A button for each class of a mask, in its colour, and how much of it there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QLabel, QPushButton, QWidget

from napari_covseg._tools.keys import class_key
from napari_covseg.widgets._buttons import leave_the_keyboard

if TYPE_CHECKING:
    from covseg_core.labels import LabelClass
    from napari_covseg._session.editor import MaskEditor

__all__ = ["ClassButtons"]


class ClassButtons(QWidget):
    """Chooses the class that is painted.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor: MaskEditor | None = None
        self._group = QButtonGroup(self)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.buttons: dict[int, QPushButton] = {}
        self.amounts: dict[int, QLabel] = {}

    @property
    def value(self) -> int:
        """The chosen class; 0 if there is no mask."""
        checked = (value for value, each in self.buttons.items() if each.isChecked())
        return next(checked, 0)

    def follow(self, editor: MaskEditor | None) -> None:
        """Offer the classes of another mask, or nothing."""
        if self._editor is not None:
            self._editor.layer.events.selected_label.disconnect(self._show)
            self._editor.edited.disconnect(self._count)
        self._clear()
        self._editor = editor
        if editor is None:
            return
        for row, label in enumerate(editor.label_set.classes):
            self._add(label, row)
        editor.layer.events.selected_label.connect(self._show)
        editor.edited.connect(self._count)
        self._count()
        self.choose(editor.label_set.values[0])

    def choose(self, value: int) -> None:
        """Take a class, to be painted from now on."""
        if self._editor is None or value not in self.buttons:
            return
        self.buttons[value].setChecked(True)
        self._editor.layer.selected_label = value

    def _clear(self) -> None:
        for widget in (*self.buttons.values(), *self.amounts.values()):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self.buttons.clear()
        self.amounts.clear()

    def _add(self, label: LabelClass, row: int) -> None:
        key = class_key(label.value)
        button = QPushButton(f"{label.title} ({key})" if key else label.title)
        button.setToolTip(f"Work on {label.title.lower()}.\nKey: {key}")
        button.setCheckable(True)
        button.setStyleSheet(_style(label.colour))
        leave_the_keyboard(button)
        button.clicked.connect(lambda: self.choose(label.value))
        amount = QLabel()
        amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        amount.setToolTip(f"Volume of {label.title.lower()} in the mask.")
        self._group.addButton(button)
        self._grid.addWidget(button, row, 0)
        self._grid.addWidget(amount, row, 1)
        self.buttons[label.value], self.amounts[label.value] = button, amount

    def _count(self, change: Any = None) -> None:
        if self._editor is not None:
            for value, volume in self._editor.volumes_ml.items():
                self.amounts[value].setText(f"{volume:.1f} ml")

    def _show(self, event: Any = None) -> None:
        """Follow napari's controls; a value without a meaning is not accepted."""
        if self._editor is None:
            return
        layer = self._editor.layer
        chosen = int(layer.selected_label)
        if chosen in self.buttons:
            self.buttons[chosen].setChecked(True)
        elif self.value:
            layer.selected_label = self.value


def _style(colour: tuple[float, float, float]) -> str:
    red, green, blue = (round(255 * part) for part in colour)
    solid, faint = (f"rgba({red}, {green}, {blue}, {alpha})" for alpha in (255, 90))
    return f"""
        QPushButton {{
            text-align: left; padding: 4px 8px; border-radius: 3px;
            border: 1px solid transparent; border-left: 10px solid {solid};
        }}
        QPushButton:checked {{ background: {faint}; border-color: {solid}; }}
    """

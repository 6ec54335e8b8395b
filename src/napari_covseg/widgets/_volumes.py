"""The volume of each class of a mask, kept up to date while it is corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from napari_covseg._screen.style import swatch

if TYPE_CHECKING:
    from covseg_core.labels import LabelClass
    from napari_covseg._session.editor import MaskEditor

__all__ = ["VolumesView"]

_SWATCH_PX = 12


class VolumesView(QWidget):
    """A row for each class with its colour and volume, and their sum."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor: MaskEditor | None = None
        self._amounts: dict[int, QLabel] = {}
        self._sum: QLabel | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self.hide()

    def follow(self, editor: MaskEditor | None) -> None:
        """Show the volumes of a mask from now on; None shows nothing."""
        if editor is self._editor:
            return
        if self._editor is not None:
            self._editor.edited.disconnect(self._show)
        self._clear()
        self._editor = editor
        if editor is not None:
            for label in editor.label_set.classes:
                self._add(label)
            if len(self._amounts) > 1:
                self._add_sum()
            editor.edited.connect(self._show)
            self._show()
        self.setVisible(editor is not None)

    def _clear(self) -> None:
        self._amounts.clear()
        self._sum = None
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().deleteLater()

    def _add(self, label: LabelClass) -> None:
        row = self._grid.rowCount()
        square = QFrame()
        square.setFixedSize(_SWATCH_PX, _SWATCH_PX)
        square.setStyleSheet(swatch(label.colour))
        self._amounts[label.value] = _amount()
        self._grid.addWidget(square, row, 0)
        self._grid.addWidget(QLabel(label.title), row, 1)
        self._grid.addWidget(self._amounts[label.value], row, 2)

    def _add_sum(self) -> None:
        row = self._grid.rowCount()
        self._sum = _amount()
        self._grid.addWidget(QLabel("Total"), row, 1)
        self._grid.addWidget(self._sum, row, 2)

    def _show(self) -> None:
        if self._editor is None:
            return
        volumes = self._editor.volumes_ml
        for value, amount in self._amounts.items():
            amount.setText(_in_ml(volumes[value]))
        if self._sum is not None:
            self._sum.setText(_in_ml(sum(volumes.values())))


def _amount() -> QLabel:
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _in_ml(volume: float) -> str:
    return f"{volume:.1f} ml"

"""The volume of each class of a mask, kept up to date while it is corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from napari_covseg._convert import MaskFacts, facts_of
from napari_covseg._style import swatch

if TYPE_CHECKING:
    from napari.layers import Labels

    from covseg_core.labels import LabelClass

__all__ = ["VolumesView"]

_WAIT_MS = 250
_SWATCH_PX = 12


class VolumesView(QWidget):
    """A row for each class with its colour and volume, and their sum."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self._amounts: dict[int, QLabel] = {}
        self._sum = _amount()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        # A brush stroke sends many events; one count after it is enough.
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._count)
        self.hide()

    def follow(self, layer: Labels) -> None:
        """Show the volumes of a mask layer from now on."""
        self.forget()
        facts = facts_of(layer.metadata)
        if not isinstance(facts, MaskFacts):
            return
        self._layer = layer
        for label in facts.label_set.classes:
            self._add(label)
        if len(self._amounts) > 1:
            self._add_sum()
        for changed in _changes_of(layer):
            changed.connect(self._on_change)
        self._count()
        self.show()

    def forget(self) -> None:
        """Show nothing."""
        if self._layer is not None:
            for changed in _changes_of(self._layer):
                changed.disconnect(self._on_change)
        self._layer = None
        self._amounts.clear()
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().deleteLater()
        self.hide()

    def _on_change(self, event: Any) -> None:
        self._timer.start()

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

    def _count(self) -> None:
        if self._layer is None:
            return
        facts = facts_of(self._layer.metadata)
        if not isinstance(facts, MaskFacts):
            return
        volumes = {
            value: np.count_nonzero(self._layer.data == value) * facts.grid.voxel_ml
            for value in self._amounts
        }
        for value, amount in self._amounts.items():
            amount.setText(_in_ml(volumes[value]))
        self._sum.setText(_in_ml(sum(volumes.values())))


def _changes_of(layer: Labels) -> tuple[Any, Any]:
    # Tools send the first one only; undo and redo send the second one only.
    return layer.events.paint, layer.events.set_data


def _amount() -> QLabel:
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _in_ml(volume: float) -> str:
    return f"{volume:.1f} ml"

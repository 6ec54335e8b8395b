"""Brush, eraser and the other tools of the hand, in a grid, and the brush's size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QWidget,
)

from napari_covseg._tools.keys import SHORTCUTS
from napari_covseg.widgets._buttons import key_button

if TYPE_CHECKING:
    from napari.layers import Labels
    from qtpy.QtWidgets import QPushButton

__all__ = ["HandTools"]

_MODES = {
    "brush": "paint",
    "eraser": "erase",
    "polygon": "polygon",
    "fill": "fill",
    "pick": "pick",
    "move": "pan_zoom",
}
"""napari's mode of each tool."""
_COLUMNS = 3
_BRUSH_MM = 7.0
_LARGEST_MM = 100.0


class HandTools(QWidget):
    """Chooses the tool of a mask layer, and how large its brush is.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self._brush_mm = _BRUSH_MM
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self.size = _size_box()
        self.volume = key_button("volume", checkable=True)
        self._lay_out()
        self.size.valueChanged.connect(self._resize)
        self.volume.toggled.connect(self._set_volume)

    def follow(self, layer: Labels | None) -> None:
        """Choose tools for another layer, or for none."""
        if self._layer is not None:
            for event in self._events(self._layer):
                event.disconnect(self._show)
        self._layer = layer
        if layer is None:
            return
        layer.n_edit_dimensions = 3 if self.volume.isChecked() else 2
        self._resize(self._brush_mm)
        for event in self._events(layer):
            event.connect(self._show)
        self._show()

    def choose(self, tool: str) -> None:
        """Take a tool by its name, such as ``brush``."""
        if self._layer is None or not self._layer.editable:
            return
        if tool == "polygon":
            # napari draws polygons on one slice only.
            self.volume.setChecked(False)
        self._layer.mode = _MODES[tool]
        self._show()

    def step_size(self, steps: int) -> None:
        """Make the brush wider by one voxel on each side, for each step."""
        if self._layer is not None:
            self._layer.brush_size = max(1, self._layer.brush_size + 2 * steps)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for number, name in enumerate(_MODES):
            button = key_button(name, checkable=True)
            button.clicked.connect(lambda _, name=name: self.choose(name))
            self._group.addButton(button)
            self.buttons[name] = button
            grid.addWidget(button, *divmod(number, _COLUMNS))
        size = QHBoxLayout()
        size.addWidget(_size_label(self.size))
        size.addWidget(self.size, 1)
        size.addWidget(self.volume)
        grid.addLayout(size, len(_MODES) // _COLUMNS, 0, 1, _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)

    def _resize(self, brush_mm: float) -> None:
        self._brush_mm = brush_mm
        if self._layer is not None:
            # napari's brushes have a voxel in their middle, so an odd width.
            wide = brush_mm / self._finest_mm(self._layer)
            self._layer.brush_size = 2 * max(0, round((wide - 1) / 2)) + 1

    def _set_volume(self, is_3d: bool) -> None:
        if self._layer is None:
            return
        if is_3d and self.buttons["polygon"].isChecked():
            self.choose("brush")
        self._layer.n_edit_dimensions = 3 if is_3d else 2
        self._resize(self._brush_mm)

    def _show(self, event: Any = None) -> None:
        """Follow what the layer is set to, here or in napari's own controls."""
        if self._layer is None:
            return
        mode = str(self._layer.mode)
        for name, button in self.buttons.items():
            button.setChecked(_MODES[name] == mode)
            button.setEnabled(self._layer.editable)
        with QSignalBlocker(self.volume), QSignalBlocker(self.size):
            self.volume.setChecked(self._layer.n_edit_dimensions == 3)
            brush_mm = self._layer.brush_size * self._finest_mm(self._layer)
            self.size.setValue(brush_mm)

    @staticmethod
    def _finest_mm(layer: Labels) -> float:
        """Give the side of the voxels that napari counts a brush in."""
        sides = layer.scale if layer.n_edit_dimensions == 3 else layer.scale[-2:]
        return float(min(abs(side) for side in sides))

    @staticmethod
    def _events(layer: Labels) -> tuple[Any, ...]:
        events = layer.events
        return (
            events.mode,
            events.brush_size,
            events.n_edit_dimensions,
            events.editable,
        )


def _size_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.1, _LARGEST_MM)
    box.setDecimals(1)
    box.setSuffix(" mm")
    box.setValue(_BRUSH_MM)
    box.setKeyboardTracking(False)
    smaller, larger = SHORTCUTS["smaller"].shown, SHORTCUTS["larger"].shown
    box.setToolTip(f"How wide the brush is.\nKeys: {smaller} smaller, {larger} larger")
    return box


def _size_label(box: QDoubleSpinBox) -> QLabel:
    smaller, larger = SHORTCUTS["smaller"].shown, SHORTCUTS["larger"].shown
    label = QLabel(f"Width ({smaller} {larger})")
    label.setToolTip(box.toolTip())
    label.setBuddy(box)
    return label

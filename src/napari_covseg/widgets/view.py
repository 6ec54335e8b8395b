"""The line above all steps: window, direction of view, orthogonal views."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._screen.preferences import opening_window
from napari_covseg._screen.upright import keep_upright, shown_order
from napari_covseg._screen.windows import PRESETS, Window, windows_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari.layers import Image, Layer
    from napari.viewer import Viewer

    from napari_covseg._session.session import Session

__all__ = ["ViewBar"]

_DIRECTIONS = {
    "Axial": (0, 1, 2),
    "Coronal": (1, 0, 2),
    "Sagittal": (2, 0, 1),
}
_CUSTOM = "Custom"
_MOST_HU = 20000
_STEP_HU = 50
_HU_PER_PIXEL = 4.0
_NEXT_WINDOW = "W"
_ORTHOGONAL = "napari_orthogonal_views"


class ViewBar(QWidget):
    """Sets how the scan is shown.

    Parameters
    ----------
    session : Session
        Whose scan is shown.
    parent : QWidget, optional
        Owner of the bar.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._followed: Image | None = None
        self._seen: WeakSet[Image] = WeakSet()
        self._windows: tuple[Window, ...] = PRESETS
        self.preset = QComboBox()
        self.preset.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        self.preset.setToolTip(
            f"Window: the HU between black and white. {_NEXT_WINDOW} takes the next "
            "one; Shift and drag on the picture changes it, sideways the width, up and "
            "down the level."
        )
        self.width_hu = _hu_box("W", "Width of the window in HU.", 1)
        self.level_hu = _hu_box("L", "Middle of the window in HU.", -_MOST_HU)
        self.directions = {name: _direction_button(name) for name in _DIRECTIONS}
        self.orthogonal = QPushButton("All three")
        self._lay_out()
        self._connect()
        self._follow()

    def _lay_out(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        for part in (QLabel("Window"), self.preset, self.width_hu, self.level_hu):
            top.addWidget(part)
        for button in (*self.directions.values(), self.orthogonal):
            bottom.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.preset.activated.connect(self._take_preset)
        for box in (self.width_hu, self.level_hu):
            box.valueChanged.connect(self._take_numbers)
        for name, button in self.directions.items():
            button.clicked.connect(lambda _=False, name=name: self._turn(name))
        self._prepare_orthogonal()
        viewer = self._session.viewer
        viewer.bind_key(_NEXT_WINDOW, self._next_window, overwrite=True)
        viewer.mouse_drag_callbacks.append(self._drag)
        viewer.dims.events.order.connect(self._show_direction)
        viewer.dims.events.ndisplay.connect(self._show_direction)
        keep_upright(viewer)
        self._session.scan_changed.connect(self._follow)
        self._show_direction()

    def _prepare_orthogonal(self) -> None:
        self.orthogonal.setObjectName("toggle")
        self.orthogonal.setCheckable(True)
        is_there = find_spec(_ORTHOGONAL) is not None
        self.orthogonal.setEnabled(is_there)
        self.orthogonal.setToolTip(
            "Axial, coronal and sagittal views beside each other; cross hairs can be "
            "switched on below them."
            if is_there
            else "For all three views at once, install napari-covseg[views]."
        )
        self.orthogonal.toggled.connect(self._show_orthogonal)

    def _follow(self) -> None:
        """Show the window of another scan."""
        if self._followed is not None:
            self._followed.events.contrast_limits.disconnect(self._show_window)
        self._followed = self._session.scan
        self.setEnabled(self._followed is not None)
        if self._followed is None:
            return
        self._followed.events.contrast_limits.connect(self._show_window)
        self._windows = _windows_for(self._followed)
        self.preset.clear()
        self.preset.addItems([window.title for window in self._windows])
        self.preset.addItem(_CUSTOM)
        if self._followed not in self._seen:
            self._seen.add(self._followed)
            self._take_preset(self.preset.findText(opening_window()))
        self._show_window()

    def _show_window(self, event: Any = None) -> None:
        """Show the window that the scan has, whoever set it."""
        if self._followed is None:
            return
        now = Window.between(*self._followed.contrast_limits)
        for box, value in ((self.width_hu, now.width), (self.level_hu, now.level)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        limits = [window.limits for window in self._windows]
        is_known = now.limits in limits
        self.preset.setCurrentIndex(
            limits.index(now.limits) if is_known else len(self._windows)
        )

    def _take_preset(self, index: int) -> None:
        if 0 <= index < len(self._windows):
            self._set(self._windows[index])

    def _take_numbers(self) -> None:
        self._set(Window(_CUSTOM, self.width_hu.value(), self.level_hu.value()))

    def _next_window(self, viewer: Viewer) -> None:
        if self._windows:
            self._take_preset((self.preset.currentIndex() + 1) % len(self._windows))

    def _set(self, window: Window) -> None:
        unit = _is_hu(self._followed)
        for layer in self._session.viewer.layers:
            # What-if images are compared with the scan, so they share its window.
            if unit is not None and _is_hu(layer) == unit:
                layer.contrast_limits = window.limits

    def _drag(self, viewer: Viewer, event: Any) -> Generator[None, None, None]:
        """Change the window while the pointer is dragged with Shift held."""
        if "Shift" not in event.modifiers or self._followed is None:
            return
        active = viewer.layers.selection.active
        mode = getattr(active, "mode", None)
        if active is not None:
            # Else the tool in hand would paint on the way.
            active.mode = "pan_zoom"
        began, start = Window.between(*self._followed.contrast_limits), event.pos
        yield
        while event.type == "mouse_move":
            across, down = event.pos[0] - start[0], event.pos[1] - start[1]
            self._set(began.dragged(_HU_PER_PIXEL * across, -_HU_PER_PIXEL * down))
            event.handled = True
            yield
        if active is not None:
            active.mode = mode

    def _turn(self, name: str) -> None:
        dims = self._session.viewer.dims
        first = dims.ndim - 3
        dims.ndisplay = 2
        dims.order = (*range(first), *(first + axis for axis in _DIRECTIONS[name]))
        self._session.viewer.reset_view()
        # A second click on the same button has raised it.
        self._show_direction()

    def _show_direction(self, event: Any = None) -> None:
        viewer = self._session.viewer
        for name, axes in _DIRECTIONS.items():
            is_shown = viewer.dims.ndisplay == 2 and shown_order(viewer) == axes
            self.directions[name].setChecked(is_shown)

    def _show_orthogonal(self, is_wanted: bool) -> None:
        from napari_orthogonal_views import ortho_view_manager as views

        switch = (
            views.show_orthogonal_views if is_wanted else views.hide_orthogonal_views
        )
        switch(self._session.viewer)
        # The views come and go with the next turn of the event loop.
        QTimer.singleShot(0, self._keep_sides_upright)

    def _keep_sides_upright(self) -> None:
        from napari_orthogonal_views.ortho_view_widget import OrthoViewWidget

        for side in self.window().findChildren(OrthoViewWidget):
            keep_upright(side.vm_container.viewer_model)
        # The middle view has given room away, and the others follow its reset.
        self._session.viewer.reset_view()


def _is_hu(layer: Layer | None) -> bool | None:
    """Whether a scan holds Hounsfield units; None if the layer is no scan."""
    facts = None if layer is None else facts_of(layer.metadata)
    return facts.is_hu if isinstance(facts, CTFacts) else None


def _windows_for(scan: Image) -> tuple[Window, ...]:
    """List the windows to choose from; pictures were windowed before."""
    facts = facts_of(scan.metadata)
    if not isinstance(facts, CTFacts) or not facts.is_hu:
        return ()
    return (*PRESETS, *windows_of(facts.source.details))


def _hu_box(prefix: str, tooltip: str, low: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, _MOST_HU)
    box.setDecimals(0)
    box.setSingleStep(_STEP_HU)
    box.setPrefix(f"{prefix} ")
    box.setToolTip(tooltip)
    box.setKeyboardTracking(False)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    box.setFixedWidth(72)
    return box


def _direction_button(name: str) -> QPushButton:
    button = QPushButton(name)
    button.setObjectName("toggle")
    button.setCheckable(True)
    button.setToolTip(f"Look at {name.lower()} slices.")
    return button

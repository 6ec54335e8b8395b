"""Keep the corner of the picture up to date: slice in mm, window, HU at the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from covseg_core.transforms.orient import Orientation
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._screen.once import once
from napari_covseg._screen.overlay_text import set_facts
from napari_covseg._screen.windows import Window

if TYPE_CHECKING:
    from napari.layers import Image

    from covseg_core.volume import Grid
    from napari_covseg._session.session import Session

__all__ = ["Corner", "place_of"]

_WAIT_MS = 30
_VIEWS = ("Axial", "Coronal", "Sagittal")


class Corner(QObject):
    """Writes the corner text of a session's viewer.

    Parameters
    ----------
    session : Session
        Whose scan is told about.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._followed: Image | None = None
        self._grid: Grid | None = None
        # A moving pointer sends more events than anyone can read.
        self._timer = once(self, self._write, _WAIT_MS)
        viewer = session.viewer
        viewer.dims.events.connect(self._soon)
        viewer.cursor.events.position.connect(self._soon)
        session.scan_changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        if self._followed is not None:
            self._followed.events.contrast_limits.disconnect(self._soon)
        self._followed, self._grid = self._session.scan, None
        if self._followed is not None:
            self._followed.events.contrast_limits.connect(self._soon)
            facts = facts_of(self._followed.metadata)
            if isinstance(facts, CTFacts):
                self._grid = Orientation(facts.grid).standard_grid
        self._soon()

    def _soon(self, event: Any = None) -> None:
        self._timer.start()

    def _write(self) -> None:
        scan = self._session.scan
        if scan is None or self._grid is None:
            set_facts(self._session.viewer, "")
            return
        lines = (
            self._place(scan, self._grid),
            self._window(scan),
            self._value(scan),
        )
        set_facts(self._session.viewer, "\n".join(line for line in lines if line))

    def _place(self, scan: Image, grid: Grid) -> str:
        dims = self._session.viewer.dims
        if dims.ndisplay != 2:
            return ""
        axis = dims.not_displayed[-1] - (dims.ndim - 3)
        at = scan.world_to_data(dims.point)
        return place_of(grid, axis, round(float(at[axis])))

    @staticmethod
    def _window(scan: Image) -> str:
        window = Window.between(*scan.contrast_limits)
        return f"W {window.width:.0f}  L {window.level:.0f}"

    def _value(self, scan: Image) -> str:
        facts = facts_of(scan.metadata)
        at = scan.world_to_data(self._session.viewer.cursor.position)
        index = tuple(round(float(each)) for each in at[-3:])
        inside = all(0 <= i < n for i, n in zip(index, scan.data.shape, strict=True))
        if not inside or not isinstance(facts, CTFacts):
            return ""
        unit = "HU" if facts.is_hu else "grey level"
        return f"{round(float(scan.data[index]))} {unit}"


def place_of(grid: Grid, axis: int, index: int) -> str:
    """Tell where a slice lies.

    Parameters
    ----------
    grid : Grid
        In the standard orientation.
    axis : int
        0 for axial slices, 1 coronal, 2 sagittal.
    index : int
        From 0.

    Returns
    -------
    str
        Such as ``Axial 41 of 300 · z -123.4 mm``; counted from 1, in LPS.
    """
    size = grid.shape[axis]
    index = min(max(index, 0), size - 1)
    here = [0, 0, 0]
    here[axis] = index
    world_mm = grid.world_mm(here)[2 - axis]
    return f"{_VIEWS[axis]} {index + 1} of {size}  ·  {'zyx'[axis]} {world_mm:.1f} mm"

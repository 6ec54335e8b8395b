"""Keep a layer at what is painted and at a severity: the slice on screen at once."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from covseg_core.inference.config import StitchSettings
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.once import once

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import numpy.typing as npt
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

    from covseg_core.inference.imagined import WhatIf

__all__ = ["LiveStitch"]

_CALM_MS = 300
"""So long after the last movement the other slices follow."""


class LiveStitch(QObject):
    """Stitches the shown slice while a hand moves, and the others afterwards.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Says which slice is shown.
    whatif : WhatIf
        In the standard orientation, with distances.
    layer : Image
        Shows the stitched scan; its array is written to.
    paint : Labels
        Holds a `labels.Tissue` wherever one is painted.
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    caught_up : Signal
        Sent when every slice shows what is wanted.
    failed : Signal
        Sends a `Failed`.
    """

    caught_up = Signal()
    failed = Signal(object)

    def __init__(
        self,
        viewer: Viewer,
        whatif: WhatIf,
        layer: Image,
        paint: Labels,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._whatif = viewer, whatif
        self._layer, self._paint = layer, paint
        self._severity, self._settings = 1.0, StitchSettings()
        self._stale: set[int] = set()
        self._seen: dict[int, int] = {}
        self._run: Run | None = None
        self._wish = 0
        self._now = once(self, self._stitch_shown)
        self._later = once(self, self._stitch_rest, _CALM_MS)
        viewer.dims.events.current_step.connect(self._on_slice)
        for changed in self._changes:
            changed.connect(self._on_data)
        paint.mouse_drag_callbacks.append(self._watch)

    @property
    def is_behind(self) -> bool:
        """Whether a slice does not show yet what is wanted."""
        return bool(self._stale)

    @property
    def severity(self) -> float:
        """In [0, 2]; 1 is the scan as it is."""
        return self._severity

    @property
    def settings(self) -> StitchSettings:
        """How it is stitched."""
        return self._settings

    def vary(self, severity: float) -> None:
        """Show another severity."""
        if severity != self._severity:
            self._severity = severity
            self.update()

    def use(self, settings: StitchSettings) -> None:
        """Stitch in another way."""
        if settings != self._settings:
            self._settings = settings
            self.update()

    def update(self) -> None:
        """Stitch anew: what is shown at once, all else when the hand rests."""
        box = self._whatif.box.slices
        self._stale = set(range(box.start, box.stop))
        self._wish += 1
        self._stop_run()
        self._now.start()
        self._later.start()

    def close(self) -> None:
        """Let go of viewer and layers."""
        self._stop_run()
        self._now.stop()
        self._later.stop()
        self._viewer.dims.events.current_step.disconnect(self._on_slice)
        for changed in self._changes:
            changed.disconnect(self._on_data)
        self._paint.mouse_drag_callbacks.remove(self._watch)

    @property
    def _changes(self) -> tuple[Any, Any]:
        # Tools send the first one only; undo and redo send the second one only.
        return self._paint.events.paint, self._paint.events.set_data

    def _watch(self, layer: Labels, event: Any) -> Generator[None, None, None]:
        """Follow a stroke while it grows; napari itself tells of its end only."""
        yield
        while event.type == "mouse_move":
            self._on_data()
            yield
        self._on_data()

    def _on_data(self, event: Any = None) -> None:
        """Look whether the paint on the shown slice is another: strokes and undo."""
        number = self._shown()
        if number is None:
            return
        checksum = zlib.crc32(self._paint.data[number])
        if self._seen.setdefault(number, _blank(self._paint.data[number])) != checksum:
            self._seen[number] = checksum
            self.update()

    def _on_slice(self, event: Any = None) -> None:
        if self._shown() in self._stale:
            self._now.start()

    def _shown(self) -> int | None:
        """Count the shown slice, from foot to head; None where many are cut."""
        dims, layer = self._viewer.dims, self._layer
        if dims.ndim - layer.ndim in dims.displayed:
            return None
        number = round(float(layer.world_to_data(dims.point)[0]))
        return number if 0 <= number < layer.data.shape[0] else None

    def _stitch_shown(self) -> None:
        number = self._shown()
        if number is None or number not in self._stale:
            return
        from covseg_core.inference.live import stitch_slices

        here = slice(number, number + 1)
        how = self._severity, self._settings
        self._put(here, stitch_slices(self._whatif, self._paint.data, *how, here))

    def _stitch_rest(self) -> None:
        from covseg_core.inference.live import stitch_outwards

        tissues, middle = self._paint.data.copy(), self._shown() or 0
        how = self._severity, self._settings
        steps = stitch_outwards(self._whatif, tissues, *how, middle)
        self._run = Run(_numbered, self._wish, steps)
        self._run.advanced.connect(self._take)
        self._run.ended.connect(self._end)
        self._run.start()

    def _take(self, step: tuple[int, slice, npt.NDArray[np.float32]]) -> None:
        wish, some, hu = step
        # What an older wish has sent may still be on its way.
        if wish == self._wish:
            self._put(some, hu)

    def _put(self, some: slice, hu: npt.NDArray[np.float32]) -> None:
        self._layer.data[some] = hu
        numbers = range(some.start, some.stop)
        self._stale.difference_update(numbers)
        if self._shown() in numbers:
            self._layer.refresh(extent=False, thumbnail=False)

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self.failed.emit(outcome)
        elif isinstance(outcome, Finished) and outcome.value == self._wish:
            self._run = None
            # Other planes of the volume may be shown, which were not refreshed.
            self._layer.refresh(extent=False)
            self.caught_up.emit()

    def _stop_run(self) -> None:
        if self._run is not None:
            self._run.stop()
            self._run = None


def _numbered(
    wish: int, steps: Generator[tuple[slice, npt.NDArray[np.float32]], None, None]
) -> Generator[tuple[int, slice, npt.NDArray[np.float32]], None, int]:
    for some, hu in steps:
        yield wish, some, hu
    return wish


def _blank(plane: npt.NDArray[np.uint8]) -> int:
    return zlib.crc32(bytes(plane.nbytes))

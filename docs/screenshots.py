"""Make the pictures of the documentation from the phantom.

Run it on a screen, such as ``tools/with_display.sh python docs/screenshots.py``.
No picture shows a patient.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari import Viewer
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_covseg.widgets.segment import SegmentWidget

IMAGES = Path(__file__).parent / "images"
WINDOW = 1366, 768
LONGEST_RUN_S = 600
SETTLE_S = 1.0


def main() -> None:
    """Write ``images/napari.png``: the phantom, outlined."""
    viewer = Viewer(show=True)
    viewer.window.resize(*WINDOW)
    widget = open_widget(viewer)
    viewer.open_sample("napari-covseg", "phantom")
    widget.panel.button.click()
    wait(LONGEST_RUN_S, lambda: not widget.panel.is_busy)
    show_worst_slice(viewer)
    wait(SETTLE_S)
    IMAGES.mkdir(exist_ok=True)
    viewer.screenshot(IMAGES / "napari.png", canvas_only=False, flash=False)
    viewer.close()


def open_widget(viewer: Viewer) -> SegmentWidget:
    """Open the widget as the menu does."""
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-covseg", "Outline infection"
    )
    return widget


def show_worst_slice(viewer: Viewer) -> None:
    """Go to the slice with most infection on the topmost mask."""
    infected = np.count_nonzero(viewer.layers[-1].data, axis=(1, 2))
    viewer.dims.set_current_step(0, int(infected.argmax()))


def wait(seconds: float, ready: Callable[[], bool] = lambda: False) -> None:
    """Let the window live until `ready` or for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not ready():
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()

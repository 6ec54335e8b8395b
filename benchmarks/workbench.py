"""Measure whether the workbench keeps the window quick, small and undoable.

    tools/with_display.sh .venv/bin/python benchmarks/workbench.py [--slices 300]

A made chest CT of 512 x 512 pixels and that many slices is opened in a real napari
window.  A watchdog in the thread of the window notes how long it was kept from its
next turn while the infection is outlined, while strokes are painted and backed up,
and while a model learns in its own process.  Prints the longest blocks, the memory
of the window as multiples of the CT, the seconds of an undo of the whole outline, and
what importing the workbench adds to a started napari.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari import Viewer

PIXELS = 512
COARSE = 4
TICK_MS = 5
LONGEST_S = 1200.0
SETTLE_S = 3.0
STROKES = 40
MB = 1e6


class Watchdog:
    """Notes the longest time between two turns of the window's thread."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self._last)
        self._last = now

    @contextmanager
    def watching(self, what: str) -> Iterator[None]:
        """Print the longest block of what happens meanwhile."""
        settle(0.2)
        self.longest_s = 0.0
        began = time.perf_counter()
        yield
        took_s = time.perf_counter() - began
        print(
            f"{what}: {took_s:.1f} s, longest block of the window "
            f"{1000 * self.longest_s:.0f} ms",
            flush=True,
        )


def main() -> None:
    """Measure one thing after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    options = parser.parse_args()
    tell_import()
    with tempfile.TemporaryDirectory() as home:
        os.environ["COVSEG_HOME"] = home
        measure(options.slices)


def tell_import() -> None:
    """Print what the workbench adds to a napari that has started."""
    code = (
        "import napari, napari.qt, napari.viewer, napari.layers, time;"
        "from napari._qt import qt_main_window;"
        "began = time.perf_counter();"
        "import napari_covseg.widgets.workbench;"
        "print(time.perf_counter() - began)"
    )
    times = [
        float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)
    ]
    print(f"import of the workbench after napari: {min(times):.2f} s", flush=True)


def measure(slices: int) -> None:
    """Open, outline, paint, undo, learn."""
    from napari import Viewer

    from napari_covseg._convert import ct_layer
    from napari_covseg._session.closing import CloseGuard

    viewer = Viewer(show=True)
    viewer.window.resize(1366, 768)
    _, bench = viewer.window.add_plugin_dock_widget("napari-covseg", "CovSeg")
    settle(SETTLE_S)
    started_mb = memory_mb()
    ct = large_phantom(slices)
    size_mb = ct.hu.nbytes / MB
    data, arguments, _ = ct_layer(ct, "CT")
    del ct
    scan = viewer.add_image(data, **arguments)
    del data
    bench.session.choose_scan(scan)
    settle(SETTLE_S)
    print(f"CT {scan.data.shape}, {size_mb:.0f} MB; napari {started_mb:.0f} MB")
    dog, peak = Watchdog(), Peak()
    tell_napari(viewer, dog)
    with dog.watching("press Outline, which adds the mask layer"):
        bench.segment.panel.button.click()
        settle(0.5)
    with dog.watching("outline"):
        wait(lambda: not bench.segment.panel.is_busy)
    peak.tell("outline", started_mb, size_mb)
    editor = bench.session.mask
    print(f"outlined: {editor.volumes_ml}")
    with dog.watching("paint and back up"):
        paint(editor)
        bench.session.autosave_of(editor).flush()
    peak.tell("paint", started_mb, size_mb)
    while editor.undo_title and not editor.undo_title.startswith("Outline"):
        editor.undo()
    for what in ("undo", "redo"):
        began = time.perf_counter()
        getattr(editor, what)()
        print(f"{what} of the outline: {time.perf_counter() - began:.3f} s")
    settle(SETTLE_S)
    learn(bench, dog)
    peak.tell("learn", started_mb, size_mb)
    CloseGuard.of(bench.window(), bench.session).how = lambda *_: "discard"
    viewer.close()


def tell_napari(viewer: Viewer, dog: Watchdog) -> None:
    """Print how long napari itself blocks, without the plugin's doing."""
    with dog.watching("napari alone: add a mask of 8 voxels, and remove it"):
        layer = viewer.add_labels(np.zeros((2, 2, 2), np.uint8))
        viewer.layers.remove(layer)
        settle(0.2)
    with dog.watching("napari alone: scroll through 20 slices"):
        for number in range(20):
            viewer.dims.set_current_step(0, number)
            settle(0.05)


def large_phantom(slices: int):
    """Blow a made chest up to the size of a thin-slice CT."""
    from covseg_core.phantom import PhantomSettings, make_phantom
    from covseg_core.volume import CTVolume, Grid

    small = make_phantom(
        PhantomSettings(
            slices=-(-slices // COARSE), pixels=PIXELS // COARSE, pixel_mm=2.8
        )
    ).ct
    hu = small.hu
    for axis in range(3):
        hu = np.repeat(hu, COARSE, axis)
    grid = Grid.from_spacing(
        (slices, PIXELS, PIXELS),
        tuple(step / COARSE for step in small.grid.spacing_mm_zyx),
    )
    return CTVolume(np.ascontiguousarray(hu[:slices]), grid)


def paint(editor) -> None:
    """Paint strokes on many slices, as the mouse does."""
    editor.layer.brush_size = 20
    for number in range(STROKES):
        at = number * editor.labels.shape[0] // STROKES
        editor.is_stroking = True
        with editor.layer.block_history():
            for step in range(10):
                editor.layer.paint((at, 200 + 3 * step, 200), 1)
                settle(0.005)
        editor.is_stroking = False
        settle(0.05)


def learn(bench, dog: Watchdog) -> None:
    """Fine-tune the bundled model on two cases in the Learn step."""
    from covseg_core.cases.store import CaseStore
    from covseg_core.phantom import PhantomSettings, make_phantom

    store = CaseStore.create(Path(os.environ["COVSEG_HOME"]) / "cases")
    for seed, split in ((1, "train"), (2, "held-out")):
        made = make_phantom(PhantomSettings(seed=seed, slices=16, pixels=128))
        record = store.add_case(made.ct, lungs=made.lungs, split=split)
        store.add_mask(record.case_id, made.lesions, source="manual")
        store.set_state(record.case_id, "done")
    bench.learn.stores.choose(store.root)
    wait(bench.learn.training.button.isEnabled, SETTLE_S)
    with dog.watching("learn"):
        bench.learn.training.button.click()
        wait(lambda: not bench.learn.training.is_busy)


class Peak:
    """Samples the memory of the window and of its children."""

    def __init__(self) -> None:
        self.window_mb = self.child_mb = 0.0
        self._timer = QTimer()
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._sample)
        self._timer.start()

    def _sample(self) -> None:
        self.window_mb = max(self.window_mb, memory_mb())
        children = psutil.Process().children(recursive=True)
        self.child_mb = max(self.child_mb, sum(map(memory_mb, children)))

    def tell(self, what: str, before_mb: float, size_mb: float) -> None:
        """Print peaks, the window's as a multiple of the CT, and begin anew."""
        times = (self.window_mb - before_mb) / size_mb
        print(
            f"memory, {what}: the window at most {self.window_mb:.0f} MB, "
            f"{times:.2f} times the CT above {before_mb:.0f} MB before it was opened; "
            f"children at most {self.child_mb:.0f} MB",
            flush=True,
        )
        self.window_mb = self.child_mb = 0.0


def memory_mb(process: psutil.Process | None = None) -> float:
    """Give the resident memory of a process, 0 if it is gone."""
    try:
        return (process or psutil.Process()).memory_info().rss / MB
    except psutil.NoSuchProcess:
        return 0.0


def settle(seconds: float) -> None:
    """Let the window live for some seconds."""
    wait(lambda: False, seconds)


def wait(ready: Callable[[], bool], seconds: float = LONGEST_S) -> None:
    """Let the window live until something is ready."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not ready():
        QApplication.processEvents()
        time.sleep(0.001)


if __name__ == "__main__":
    main()

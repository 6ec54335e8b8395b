"""Play the whole circle in napari, and take the pictures of the documentation.

    tools/with_display.sh .venv/bin/python docs/screenshots.py [--ct SCAN --out FOLDER]

Without arguments it works on the made chest CT and writes ``docs/images``: no picture
shows a patient.  With a scan of your own it plays the same circle on that; give a
folder for its pictures.  Ends with an error if a step did not do its work.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer

    from napari_covseg.widgets.workbench import Workbench

IMAGES = Path(__file__).parent / "images"
WINDOW = 1366, 768
LONGEST_S = 1200
SETTLE_S = 1.0


def main() -> None:
    """Open, outline, correct, measure, imagine, export, keep, learn, recover."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ct", type=Path, help="a scan in the place of the made one")
    parser.add_argument("--out", type=Path, default=IMAGES, help="where pictures go")
    options = parser.parse_args()
    if options.ct is not None and options.out == IMAGES:
        parser.error("pictures of a scan do not belong into docs; give --out")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["COVSEG_HOME"] = home
        Play(Path(home), options.out).all_of_it(options.ct)


class Play:
    """One user at one window.

    Parameters
    ----------
    home : Path
        For models, cases and exported files.
    out : Path
        For the pictures.
    """

    def __init__(self, home: Path, out: Path) -> None:
        self.home = home
        self.out = out
        self.viewer, self.bench = open_window()

    def all_of_it(self, ct: Path | None) -> None:
        """Play every step in order."""
        self.picture("tour", "Case")
        self.bench.tour.end.click()
        self.open_scan(ct)
        self.outline()
        self.correct()
        self.measure()
        self.imagine()
        self.export()
        self.keep_cases()
        self.learn()
        self.crash_and_recover()
        self.close()

    def open_scan(self, ct: Path | None) -> None:
        """Open the scan in the step Case."""
        if ct is None:
            self.bench.case.open_sample.click()
        else:
            self.bench.case.open_path(ct)
        wait(lambda: self.bench.session.scan is not None)
        wait(lambda: not self.bench.case.waiting.is_busy)

    def outline(self) -> None:
        """Outline it, and show the slice with most infection."""
        self.bench.segment.panel.button.click()
        wait(lambda: not self.bench.segment.panel.is_busy)
        mask = self.bench.session.mask
        require(mask is not None and mask.labels.any(), "nothing was outlined")
        infected = np.count_nonzero(mask.labels, axis=(1, 2))
        self.worst = int(infected.argmax())
        self.viewer.dims.set_current_step(0, self.worst)
        self.picture("napari", "Case", "Segment")

    def correct(self) -> None:
        """Paint a stroke, undo it, preview a tool and apply it."""
        step, mask = self.bench.correct, self.bench.session.mask
        self.show("Correct")
        step.hand.choose("brush")
        before = mask.labels.copy()
        rows, columns = np.nonzero(before[self.worst])
        mask.is_stroking = True
        with mask.layer.block_history():
            for shift in range(0, 40, 4):
                at = self.worst, rows[0] + shift, columns[0] - 10
                mask.layer.paint(at, 2)
        mask.is_stroking = False
        settle(SETTLE_S)
        require((mask.labels != before).any(), "the brush did not paint")
        self.picture("correct", "Correct")
        mask.undo()
        require((mask.labels == before).all(), "the stroke was not taken back")
        mask.redo()
        step.whole.tools.setCurrentText("Grow or shrink")
        step.whole.forms["Grow or shrink"].control("by_mm").setValue(4)
        step.whole.preview_button.click()
        wait(lambda: not step.whole.is_busy)
        step.whole.parentWidget().unfold()
        self.picture("preview", "Correct", end=True)
        step.whole.apply_button.click()
        wait(lambda: not step.whole.is_busy)

    def measure(self) -> None:
        """Look at the severity."""
        self.show("Severity")
        wait(lambda: self.bench.severity.found is not None)
        wait(lambda: not self.bench.severity.is_stale)
        self.picture("severity", "Severity", end=True)

    def imagine(self) -> None:
        """See the scan in the styles of the model, and with more disease."""
        self.show("What-if")
        whatif = self.bench.whatif
        whatif.panel.button.click()
        wait(lambda: not whatif.panel.is_busy)
        wait(lambda: whatif.stage is not None)
        whatif.controls.slider.setValue(whatif.controls.slider.maximum())
        settle(3 * SETTLE_S)
        self.viewer.reset_view()
        self.picture("whatif", "What-if")
        whatif.remove.click()
        settle(SETTLE_S)

    def export(self) -> None:
        """Save the mask."""
        self.show("Export")
        path = self.home / "mask.nii.gz"
        self.bench.export.save_to(path)
        wait(lambda: not self.bench.export.waiting.is_busy)
        require(path.is_file(), "no file was written")
        self.picture("export", "Export")

    def keep_cases(self) -> None:
        """Read cases of a store, the next while one is corrected."""
        store = make_store(self.home / "cases")
        self.bench.worklist.open_store(store)
        wait(lambda: not self.bench.worklist.waiting.is_busy)
        self.show("Worklist")
        self.bench.worklist.next.click()
        wait(lambda: self.bench.session.case is not None)
        wait(lambda: not self.bench.worklist.desk.is_opening)
        self.picture("worklist", "Worklist")

    def learn(self) -> None:
        """Let the cases teach a model, for one epoch."""
        self.show("Learn")
        learn = self.bench.learn
        learn.stores.choose(self.home / "cases")
        wait(learn.training.button.isEnabled)
        learn.form.form.control("epochs").setValue(2)
        learn.training.button.click()
        wait(lambda: not learn.training.is_busy)
        settle(SETTLE_S)
        self.picture("learn", "Learn", end=True)

    def crash_and_recover(self) -> None:
        """Leave corrections behind, as a crash does, and find them again."""
        from napari_covseg._session.session import session_of

        mask = self.bench.session.mask
        mask.layer.paint((0, 10, 10), 1)
        mask.commit()
        session = session_of(self.viewer)
        session.autosave_of(mask).flush()
        session.close(keep=True)
        self.viewer.close()
        settle(SETTLE_S)
        self.viewer, self.bench = open_window()
        wait(lambda: self.bench.recovery.isVisible())
        self.picture("recovery", "Case")
        self.bench.recovery.recover.click()
        wait(lambda: self.bench.session.mask is not None)
        require(self.bench.session.mask.labels[0, 10, 10] == 1, "a stroke was lost")

    def close(self) -> None:
        """Close the window; what is not saved is given up."""
        from napari_covseg._session.closing import CloseGuard

        window = self.bench.window()
        CloseGuard.of(window, self.bench.session).how = lambda *_: "discard"
        self.viewer.close()

    def show(self, *names: str) -> None:
        """Unfold these steps only."""
        for name, step in self.bench.steps.items():
            (step.unfold if name in names else step.fold)()
        settle(0.3)

    def picture(self, name: str, *steps: str, end: bool = False) -> None:
        """Take a picture of the window; `end` scrolls the dock down."""
        self.show(*steps)
        self.bench.open_step(steps[0])
        settle(SETTLE_S)
        if end:
            scroll_to_end(self.bench)
        path = self.out / f"{name}.png"
        self.viewer.screenshot(path, canvas_only=False, flash=False)
        say(f"{path.name}: {', '.join(steps)}")


def open_window() -> tuple[Viewer, Workbench]:
    """Open napari and the dock, as the menu does."""
    from napari import Viewer

    viewer = Viewer(show=True)
    viewer.window.resize(*WINDOW)
    _, bench = viewer.window.add_plugin_dock_widget("napari-covseg", "CovSeg")
    settle(SETTLE_S)
    return viewer, bench


def scroll_to_end(bench: Workbench) -> None:
    """Scroll the steps down."""
    from qtpy.QtWidgets import QScrollArea

    bar = bench.findChild(QScrollArea).verticalScrollBar()
    bar.setValue(bar.maximum())
    settle(0.3)


def make_store(root: Path) -> Path:
    """Keep four made chests as cases: two corrected, two that wait for a reader."""
    from covseg_core.cases.store import CaseStore
    from covseg_core.phantom import PhantomSettings, make_phantom

    store = CaseStore.create(root)
    for seed, split in ((1, "train"), (2, "held-out"), (3, "train"), (4, "train")):
        made = make_phantom(PhantomSettings(seed=seed, slices=16, pixels=128))
        case = store.add_case(made.ct, lungs=made.lungs, split=split).case_id
        if seed < 3:
            store.add_mask(case, made.lesions, source="manual", role="radiologist")
            store.set_state(case, "done")
        else:
            store.add_mask(case, made.lesions, source="model", confidence=seed / 10)
    return root


def require(holds: bool, otherwise: str) -> None:
    """End with a sentence if a step did not do its work."""
    if not holds:
        raise SystemExit(f"screenshots: {otherwise}")


def settle(seconds: float) -> None:
    """Let the window live for some seconds."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def wait(ready: Callable[[], bool]) -> None:
    """Let the window live until something is ready."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + LONGEST_S
    while not ready():
        require(time.monotonic() < end, "a step took too long")
        QApplication.processEvents()
        time.sleep(0.01)


def say(line: str) -> None:
    """Tell how far the play is."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()

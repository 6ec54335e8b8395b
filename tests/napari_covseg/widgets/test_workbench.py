from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from app_model.types import KeyBinding
from napari.components import ViewerModel
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QSlider,
    QWidget,
)

from covseg_core.io.nifti import write_nifti_ct
from covseg_core.registry.home import recovery_folder
from napari_covseg._convert import ct_layer, mask_layer
from napari_covseg.widgets._folded import Fold
from napari_covseg.widgets._tour import STOPS
from napari_covseg.widgets.workbench import Workbench

LONG = 180_000
SCREEN = (1366, 768)
STEPS = [
    *("Worklist", "Case", "Segment", "Correct"),
    *("Severity", "What-if", "Export", "Learn"),
]
CONTROLS = (
    *(QAbstractButton, QComboBox, QAbstractSpinBox, QSlider, QLineEdit),
    QAbstractItemView,
)


def open_phantom(viewer, bench, phantom) -> None:
    data, arguments, _ = ct_layer(phantom.ct, "CT")
    viewer.add_image(data, **arguments)
    data, arguments, _ = mask_layer(phantom.lesions, "Infection")
    bench.session.edit(viewer.add_labels(data, **arguments))


def fold_all(bench) -> None:
    for fold in bench.steps.values():
        fold.fold()


class TestInNoWindow:
    @pytest.fixture
    def bench(self, qtbot, phantom) -> Workbench:
        """A workbench by itself, with a scan and a mask."""
        viewer = ViewerModel()
        bench = Workbench(viewer)
        qtbot.addWidget(bench)
        open_phantom(viewer, bench, phantom)
        bench.show()
        yield bench
        bench.session.close(keep=False)

    def test_every_control_has_a_tooltip(self, bench):
        controls = controls_of(bench)
        assert len(controls) > 100
        silent = [told(each) for each in controls if not each.toolTip().strip()]
        assert silent == []

    def test_steps_stand_in_their_order_with_their_shortcuts(self, bench):
        assert list(bench.steps) == STEPS
        for number, (name, fold) in enumerate(bench.steps.items(), start=1):
            assert f"Alt+{number}" in fold.button.toolTip()
            assert name in fold.button.text()

    def test_tabulator_reaches_every_step_in_its_order(self, bench):
        titles = {name: fold.button for name, fold in bench.steps.items()}
        reached = [
            name
            for widget in focus_chain(bench)
            for name, button in titles.items()
            if button is widget
        ]
        assert reached == STEPS
        strong = Qt.FocusPolicy.StrongFocus
        assert all(button.focusPolicy() == strong for button in titles.values())

    def test_dropped_file_becomes_the_scan(self, bench, tmp_path, phantom, qtbot):
        path = tmp_path / "dropped.nii.gz"
        write_nifti_ct(path, phantom.ct)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        how = (
            *(Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton),
            Qt.KeyboardModifier.NoModifier,
        )
        enter = QDragEnterEvent(QPoint(5, 5), *how)
        QApplication.sendEvent(bench, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(bench, QDropEvent(QPointF(5, 5), *how))
        qtbot.waitUntil(
            lambda: bench.session.scan.name.startswith("dropped"), timeout=LONG
        )
        np.testing.assert_array_equal(bench.session.scan.data, phantom.ct.hu)

    def test_tour_unfolds_every_step_that_it_tells_of(self, bench):
        bench.tour.end.click()
        fold_all(bench)
        bench.begin_tour.click()
        for stop in STOPS:
            assert bench.steps[stop.step].is_open
            bench.tour.next.click()
        assert bench.tour.isHidden()

    def test_tour_comes_by_itself_at_the_first_start_only(self, bench, qtbot):
        assert not bench.tour.isHidden()
        bench.tour.end.click()
        second = Workbench(ViewerModel())
        qtbot.addWidget(second)
        assert second.tour.isHidden()


class TestInAWindow:
    @pytest.fixture
    def docked(self, make_napari_viewer_proxy, phantom, qtbot):
        """A window of the smallest screen, the dock and what is worked on."""
        viewer = make_napari_viewer_proxy(show=True)
        viewer.window.resize(*SCREEN)
        _, bench = viewer.window.add_plugin_dock_widget("napari-covseg", "CovSeg")
        open_phantom(viewer, bench, phantom)
        qtbot.waitUntil(lambda: not bench.case.facts.is_busy, timeout=LONG)
        with qtbot.waitActive(bench.window()):
            bench.window().activateWindow()
        session = bench.session
        yield SimpleNamespace(viewer=viewer, bench=bench)
        session.close(keep=False)

    def test_every_step_opens_by_its_keys_and_fits_a_small_screen(self, docked, qtbot):
        bench = docked.bench
        for number, name in enumerate(STEPS, start=1):
            fold_all(bench)
            key = getattr(Qt.Key, f"Key_{number}")
            qtbot.keyClick(bench.window(), key, Qt.KeyboardModifier.AltModifier)
            assert [each for each in STEPS if bench.steps[each].is_open] == [name]
            step = bench.steps[name]
            for inner in step.content.findChildren(Fold):
                inner.unfold()
            qtbot.wait(50)
            assert step.button.hasFocus()
            assert cut_off(bench, step) == []
        assert bench.width() < 0.3 * SCREEN[0]
        assert bench.window().minimumSizeHint().width() <= SCREEN[0]

    def test_unsaved_corrections_are_asked_about_before_it_closes(self, docked):
        bench = docked.bench
        bench.session.mask.apply("Clear", np.zeros(mask_shape(docked), np.uint8))
        QTimer.singleShot(300, lambda: answer("cancel"))
        assert not bench.window().close()
        assert bench.window().isVisible()
        bench.session.autosave_of(bench.session.mask).flush()
        assert len(list(recovery_folder().glob("*.journal"))) == 1

    def test_second_dock_goes_on_where_the_first_was(self, docked, qtbot):
        viewer, session = docked.viewer, docked.bench.session
        mask = session.mask
        viewer.window.remove_dock_widget(docked.bench.parent())
        docked.bench.deleteLater()
        qtbot.wait(50)
        _, again = viewer.window.add_plugin_dock_widget("napari-covseg", "CovSeg")
        docked.bench = again
        assert again.session is session
        assert session.mask is mask
        assert again.case.scans.currentText() == "CT"
        assert not again.segment.volumes.isHidden()
        # Whatever happens now must not reach the one that is gone.
        viewer.dims.order = (1, 0, 2)
        viewer.keymap[KeyBinding.from_str("W")](viewer)
        assert again.view.preset.currentText() == "Lung, narrow"
        mask.apply("Clear", np.zeros(mask_shape(docked), np.uint8))
        mask.undo()
        mask.mark_saved()
        viewer.layers.remove("CT")
        qtbot.wait(50)
        assert session.scan is None


def mask_shape(docked) -> tuple[int, ...]:
    return docked.bench.session.mask.labels.shape


def answer(button: str) -> None:
    getattr(QApplication.activeModalWidget(), button).click()


def controls_of(bench) -> list[QWidget]:
    """List what a user can press, choose or type in."""
    return [
        child
        for kind in CONTROLS
        for child in bench.findChildren(kind)
        if not isinstance(
            child.parent(), QAbstractSpinBox | QComboBox | QAbstractItemView
        )
        and not isinstance(child, QScrollBar)
        and not child.inherits("QComboBoxListView")
        and child.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]


def focus_chain(bench) -> list[QWidget]:
    chain, widget = [], bench.nextInFocusChain()
    while widget is not bench:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    return chain


def cut_off(bench, step) -> list[str]:
    """List what stands further to the right than the steps are wide."""
    (viewport,) = (
        area.viewport()
        for area in bench.findChildren(QScrollArea)
        if area.isAncestorOf(step)
    )
    return [
        told(child)
        for child in step.findChildren(QWidget)
        if child.isVisible()
        and not within_a_table(child)
        and child.mapTo(viewport, QPoint(child.width(), 0)).x() > viewport.width()
    ]


def within_a_table(child: QWidget) -> bool:
    # A table scrolls by itself.
    above = child.parentWidget()
    while above is not None and not isinstance(above, QAbstractItemView):
        above = above.parentWidget()
    return above is not None


def told(widget: QWidget) -> str:
    text = getattr(widget, "text", str)()
    names: list[str] = []
    above: QWidget | None = widget
    while above is not None and not isinstance(above, Workbench):
        names.append(type(above).__name__)
        above = above.parentWidget()
    return f"{text!r}: {' < '.join(names)}"

"""Learn: give corrected masks to a store of cases and train a better model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from covseg_core.errors import CovsegError
from covseg_core.learn.following import Following
from covseg_core.learn.plan import discard_run
from covseg_core.learn.stock import Stock, stock_of
from covseg_core.learn.unfinished import UnfinishedRun, unfinished_runs
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.style import widget_style
from napari_covseg.widgets._giving import GivingPanel
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._store_box import StoreBox
from napari_covseg.widgets._train_form import TrainForm
from napari_covseg.widgets._training import TrainingPanel
from napari_covseg.widgets._unfinished import UnfinishedBox
from napari_covseg.widgets._verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Generator

    from qtpy.QtGui import QShowEvent

    from covseg_core.cases.store import CaseStore
    from napari_covseg._session.session import Session

__all__ = ["LearnWidget"]

_NO_STORE = "Choose a folder of cases; an empty folder becomes one."


class LearnWidget(QWidget):
    """Adds cases, trains, compares, promotes.

    Parameters
    ----------
    session : Session
        Scan and mask that can be added.
    parent : QWidget, optional
        Owner of the step.

    Attributes
    ----------
    models_changed : Signal
        Sent when there is a new model, or another one is used by default.
    store_changed : Signal
        Sent when a case was added or got another mask.
    """

    models_changed = Signal()
    store_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stores = StoreBox()
        self.giving = GivingPanel(session)
        self.stock = wrapped_label("faint")
        self.unfinished = UnfinishedBox()
        self.form = TrainForm()
        self.training = TrainingPanel()
        self.verdict = Verdict()
        self._can_train = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in self._parts():
            column.addWidget(part)
        column.addStretch()
        self.setStyleSheet(widget_style())
        self._connect()
        self._on_store()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at cases and models anew, as they may have changed meanwhile."""
        self._look_at_store()
        self.form.refresh()
        self.verdict.refresh()
        super().showEvent(event)

    def _parts(self) -> tuple[QWidget, ...]:
        return (
            self.stores,
            self.giving,
            self.stock,
            self.unfinished,
            self.form,
            self.training,
            self.verdict,
        )

    def _connect(self) -> None:
        training = self.training
        self.stores.changed.connect(self._on_store)
        self.stores.refused.connect(self.stock.setText)
        self.giving.given.connect(self._on_given)
        training.wanted.connect(self._train)
        training.begun.connect(self._refresh)
        training.ended.connect(self._look_at_store)
        training.finished.connect(self._on_finished)
        self.unfinished.resumed.connect(self._resume)
        self.unfinished.discarded.connect(self._discard)
        self.verdict.changed.connect(self.models_changed)

    def _refresh(self) -> None:
        """Enable what can be done now."""
        is_busy = self.training.is_busy
        self.form.setEnabled(not is_busy)
        self.unfinished.setEnabled(not is_busy)
        if not is_busy:
            self.training.button.setEnabled(self._can_train)

    def _on_store(self) -> None:
        self.giving.use(self.stores.store)
        self._look_at_store()

    def _on_given(self) -> None:
        self._look_at_store()
        self.store_changed.emit()

    def _look_at_store(self) -> None:
        """Count cases and stopped runs, in a thread as a store may be far away."""
        store = self.stores.store
        if store is None:
            self.stock.setText(_NO_STORE)
        else:
            run = Run(_look_at, store)
            run.ended.connect(self._show_store)
            run.start()
        self._refresh()

    def _show_store(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self.stock.setText(outcome.sentence)
        elif isinstance(outcome, Finished):
            stock, runs = outcome.value
            self.stock.setText(stock.sentence)
            self._can_train = stock.train > 0
            self.unfinished.show_runs([] if self.training.is_busy else runs)
        self._refresh()

    def _train(self) -> None:
        store = self.stores.store
        if store is None:
            return
        try:
            words = self.form.words()
        except CovsegError as error:
            self.training.say(Failed(error).sentence, warning=True)
            return
        self.training.train([str(store.root), *words])

    def _resume(self, name: str) -> None:
        store = self.stores.store
        if store is not None and name:
            words = [str(store.root), "--name", name, "--resume"]
            self.training.train(words, Following.of_run(name))
            self.unfinished.hide()

    def _discard(self, name: str) -> None:
        if name:
            discard_run(name)
            self.form.refresh()
            self._look_at_store()

    def _on_finished(self, outcome: dict[str, Any]) -> None:
        self.verdict.show_outcome(outcome)
        self.form.refresh()
        if outcome["promoted"]:
            self.form.choose_parent(outcome["model"])
        self.models_changed.emit()


def _look_at(
    store: CaseStore,
) -> Generator[None, None, tuple[Stock, tuple[UnfinishedRun, ...]]]:
    yield
    return stock_of(store.list_cases()), unfinished_runs(store)

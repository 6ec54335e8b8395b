"""Open a case, correct it, save it: the acts behind the panel of a case."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._session.editor import GROWING
from napari_covseg._session.presence import Presence
from napari_covseg._worklist.case_layers import CaseLayers
from napari_covseg._worklist.list_cases import read_record
from napari_covseg._worklist.open_case import CaseWish, origin_of, read_version
from napari_covseg._worklist.save_version import (
    SaveWish,
    save_version,
    saved_sentence,
    set_state,
)
from napari_covseg._worklist.show_changes import ChangesLayer, find_changes
from napari_covseg.widgets._case_panel import CasePanel
from napari_covseg.widgets._unsaved import DISCARD, SAVE, UnsavedDialog
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.cases.store import CaseStore
    from napari_covseg._convert import LayerTuple
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session
    from napari_covseg._worklist.open_case import ReadyCase
    from napari_covseg._worklist.prefetch import Prefetch

__all__ = ["CaseDesk"]


class CaseDesk(QWidget):
    """Does one thing with the case in front at a time, beside the window.

    Parameters
    ----------
    session : Session
        Has the case in front.
    prefetch : Prefetch
        Opens cases, some of them at once.
    parent : QWidget, optional
        Owner of the desk.

    Attributes
    ----------
    opened : Signal
        Sends the id of a case that was opened.
    revised : Signal
        Sends a `CaseRecord` that was changed.
    case_changed : Signal
        Sent when another case is in front, or none.
    """

    opened = Signal(str)
    revised = Signal(object)
    case_changed = Signal()

    def __init__(
        self, session: Session, prefetch: Prefetch, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._prefetch = session, prefetch
        self._layers = CaseLayers(session)
        self._changes = ChangesLayer(session)
        self._record: CaseRecord | None = None
        self._then: Callable[[Any], None] = _nothing
        self.question: UnsavedDialog | None = None
        self.presence = Presence(session, self)
        self.panel = CasePanel()
        self.waiting = WaitingLine("Stop; the case in front stays as it is.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.waiting)
        column.addWidget(self.panel)
        self._connect()

    @property
    def case_id(self) -> str | None:
        """The case in front; None if there is none."""
        case = self._session.case
        return None if case is None else case.case_id

    @property
    def is_opening(self) -> bool:
        """Whether something is being read or written."""
        return self.waiting.is_busy

    def open(self, store: CaseStore, wish: CaseWish) -> None:
        """Open a case; unsaved corrections of the one in front are asked about."""
        if self.waiting.is_busy:
            return
        self._layers.take_back()
        self._leave(partial(self._read, store, wish))

    def save(self) -> None:
        """Save the mask in front as a new version of its case."""
        self._save(self._session.mask, _nothing)

    def _save(self, editor: MaskEditor | None, then: Callable[[], None]) -> None:
        case = self._session.case
        if case is None:
            self.waiting.say("No case is in front; open one first.", warning=True)
            return
        if editor is None:
            self.waiting.say("There is no mask to save; make one first.", warning=True)
            return
        if editor.is_growing:
            self.waiting.say(GROWING, warning=True)
            return
        editor.commit()
        wish = SaveWish(
            root=case.store.root,
            case_id=case.case_id,
            parent=editor.parent_version,
            labels=editor.kept.copy(),
            metadata=editor.layer.metadata,
            origin=editor.origin,
            confidence=self._layers.confidence(editor),
            reader=self.panel.reader(self.presence.seconds),
        )
        run = Run(save_version, wish)
        self._do(run, "Saving", partial(self._saved, editor, wish.labels, then))

    def _connect(self) -> None:
        self.panel.save_wanted.connect(self.save)
        self.panel.state_wanted.connect(self._set_state)
        self.panel.comment_given.connect(self._set_comment)
        self.panel.versions.wanted.connect(self._open_version)
        self.panel.versions.compared.connect(self._compare)
        self._session.case_changed.connect(self._follow_case)

    def _leave(self, go_on: Callable[[], None]) -> None:
        """Go on if the case in front has nothing to lose; ask if it has."""
        if not self._layers.find_unsaved():
            go_on()
            return
        self._layers.bring_to_front()
        self.question = UnsavedDialog(self.case_id or "this case", self.window())
        self.question.chosen.connect(partial(self._answer, go_on))
        self.question.finished.connect(self.question.deleteLater)
        self.question.open()

    def _answer(self, go_on: Callable[[], None], chosen: str) -> None:
        if chosen == SAVE:
            self._save_all(go_on)
        elif chosen == DISCARD:
            self._layers.give_up()
            go_on()

    def _save_all(self, go_on: Callable[[], None]) -> None:
        """Save one mask of the case after another, then go on."""
        unsaved = self._layers.find_unsaved()
        if not unsaved:
            go_on()
            return
        self._layers.bring_to_front()
        self._save(unsaved[0], partial(self._save_all, go_on))

    def _read(self, store: CaseStore, wish: CaseWish) -> None:
        run = Run(self._prefetch.open, wish)
        self._do(run, f"Opening {wish.case_id}", partial(self._show, store))

    def _show(self, store: CaseStore, ready: ReadyCase) -> None:
        # Whoever painted while the case was read has something left to lose.
        self._leave(partial(self._replace, store, ready))

    def _replace(self, store: CaseStore, ready: ReadyCase) -> None:
        self._prefetch.forget()
        self._changes.remove()
        self._layers.show(ready, store)
        self._show_record(ready.record)
        self.waiting.say(ready.note, warning=True)
        self.opened.emit(ready.record.case_id)

    def _saved(
        self,
        editor: MaskEditor,
        labels: npt.NDArray[np.uint8],
        then: Callable[[], None],
        saved: tuple[CaseRecord, MaskVersion],
    ) -> None:
        record, version = saved
        if editor in self._session.editors:
            self._layers.keep(editor, record.case_id, version)
            # Whoever painted while the file was written has something left to save.
            if np.array_equal(editor.kept, labels):
                editor.mark_saved()
        self.presence.begin_anew()
        self.panel.note.clear()
        self._revise(record)
        self.waiting.say(saved_sentence(version), warning=version.is_beside)
        then()

    def _set_comment(self, comment: str) -> None:
        if self._record is not None:
            self._set_state(self._record.state, comment)

    def _set_state(self, state: str, comment: str | None = None) -> None:
        case = self._session.case
        if case is not None:
            run = Run(set_state, case.store.root, case.case_id, state, comment)
            self._do(run, "Saving", self._state_set)

    def _state_set(self, record: CaseRecord) -> None:
        self._revise(record)
        if record.state == "done" and self._layers.find_unsaved():
            self.waiting.say(
                "The case is done, but its mask has corrections that are not saved.",
                warning=True,
            )

    def _open_version(self, number: int) -> None:
        case = self._session.case
        if case is not None:
            wish = CaseWish(case.store.root, case.case_id, number)
            self._do(Run(read_version, wish), "Opening the mask", self._show_version)

    def _show_version(self, found: tuple[MaskVersion, LayerTuple]) -> None:
        version, made = found
        self.panel.versions.end_comparison()
        self._layers.show_version(version, made, origin_of(version))

    def _compare(self, number: int | None) -> None:
        case, editor = self._session.case, self._session.mask
        self._changes.remove()
        if number is not None and case is not None and editor is not None:
            wish = CaseWish(case.store.root, case.case_id, number)
            run = Run(find_changes, wish, editor.kept.copy())
            self._do(run, "Comparing", partial(self._show_changes, number))

    def _show_changes(self, since: int, marks: npt.NDArray[np.uint8]) -> None:
        if self.panel.versions.compare.isChecked():
            self._changes.show(marks, since)

    def _follow_case(self) -> None:
        """Follow another step that says which case the scan is."""
        case = self._session.case
        known = None if self._record is None else self._record.case_id
        if self.case_id != known:
            self._show_record(None)
            if case is not None:
                run = Run(read_record, case.store, case.case_id)
                run.ended.connect(self._take_record)
                run.start()
        self.case_changed.emit()

    def _take_record(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished) and outcome.value.case_id == self.case_id:
            self._show_record(outcome.value)

    def _revise(self, record: CaseRecord) -> None:
        # The reader may have chosen another scan meanwhile.
        if record.case_id == self.case_id:
            self._show_record(record)
        self.revised.emit(record)

    def _show_record(self, record: CaseRecord | None) -> None:
        case = self._session.case
        self._record = record
        self.panel.show_record(record, None if case is None else case.store.root)

    def _do(self, run: Run, doing: str, then: Callable[[Any], None]) -> None:
        """Run one thing at a time; `then` gets its result if it has one."""
        if self.waiting.is_busy:
            return
        self.panel.setEnabled(False)
        self._then = then
        self.waiting.follow(run, doing)
        run.ended.connect(self._end)

    def _end(self, outcome: Outcome) -> None:
        self.panel.setEnabled(self._record is not None)
        if isinstance(outcome, Finished):
            self._then(outcome.value)
        else:
            self._show_record(self._record)


def _nothing(*result: object) -> None:
    """Do nothing with what was done before anything was asked for."""

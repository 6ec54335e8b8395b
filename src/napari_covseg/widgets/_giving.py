"""Add the scan and the mask in front to the cases that models learn from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from covseg_core.cases.attention import Attention
from covseg_core.volume import LesionMask
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._screen.remembered import ROLE, remembered
from napari_covseg._session.editor import GROWING
from napari_covseg._session.known import OpenCase
from napari_covseg._worklist.contributing import Gift, give
from napari_covseg.widgets._run_panel import RunPanel

if TYPE_CHECKING:
    from covseg_core.cases.contribute import Contribution, MaskStory
    from covseg_core.cases.store import CaseStore
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["GivingPanel"]

_TIP = (
    "Save the scan, if it is new, and the mask as it is now to the folder of cases, as "
    "finished. The patient's name is kept as a pseudonym only."
)
_NO_STORE = "Choose a folder of cases first."
_NO_MASK = "Open a scan and outline or correct infection first."


class GivingPanel(QWidget):
    """A button that saves scan and mask to a store, and what came of it.

    Parameters
    ----------
    session : Session
        Scan and mask that can be added.
    parent : QWidget, optional
        Owner of the panel.

    Attributes
    ----------
    given : Signal
        Sent when the store has gained a mask.
    """

    given = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._store: CaseStore | None = None
        self._mask: MaskEditor | None = None
        self._clock = Attention()
        self._asked: tuple[CaseStore, MaskEditor, Gift] | None = None
        self.panel = RunPanel("Add to training set", _TIP)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.panel.wanted.connect(self._give)
        session.scan_changed.connect(self._on_scan)
        session.mask_changed.connect(self._on_mask)
        self._on_mask()

    def use(self, store: CaseStore | None) -> None:
        """Add to another store from now on."""
        self._store = store
        self._refresh()

    def _on_scan(self) -> None:
        self._clock = Attention()
        self._refresh()

    def _on_mask(self) -> None:
        if self._mask is not None:
            self._mask.edited.disconnect(self._touch)
            self._mask.state_changed.disconnect(self._refresh)
        self._mask = self._session.mask
        if self._mask is not None:
            self._mask.edited.connect(self._touch)
            self._mask.state_changed.connect(self._refresh)
            self._touch()
        self._refresh()

    def _touch(self, change: object = None) -> None:
        self._clock.touch(time.monotonic())

    def _refresh(self) -> None:
        if self.panel.is_busy:
            return
        missing = self._missing()
        self.panel.button.setEnabled(not missing)
        self.panel.button.setToolTip(missing or _TIP)

    def _missing(self) -> str:
        """Tell why nothing can be added now; empty if something can."""
        mask = self._session.mask
        if self._store is None:
            return _NO_STORE
        if mask is None or self._session.scan is None:
            return _NO_MASK
        return GROWING if mask.is_growing else ""

    def _give(self) -> None:
        editor, store = self._session.mask, self._store
        gift = None if editor is None else self._gift(editor)
        if editor is None or store is None or gift is None:
            return
        run = Run(give, store.root, gift)
        self._asked = store, editor, gift
        self.panel.follow(run)
        run.ended.connect(self._end)

    def _gift(self, editor: MaskEditor) -> Gift | None:
        session = self._session
        facts = None if session.scan is None else facts_of(session.scan.metadata)
        if not isinstance(facts, CTFacts):
            return None
        ct = session.ct()
        mask = LesionMask(np.array(editor.labels), ct.grid, editor.label_set)
        return Gift(ct, mask, facts.grid, self._story(editor), session.lungs)

    def _story(self, editor: MaskEditor) -> MaskStory:
        from covseg_core.cases.contribute import MaskStory

        origin = editor.origin
        return MaskStory(
            origin.kind,
            parent=self._parent(editor),
            model=origin.model or None,
            model_sha256=origin.weights_sha256 or None,
            role=remembered(ROLE),
            seconds_spent=round(self._clock.seconds(time.monotonic()), 1),
        )

    def _parent(self, editor: MaskEditor) -> int | None:
        """Find the version that the mask began with, if it is of this store."""
        case, store = self._session.case, self._store
        if case is None or store is None or case.store.root != store.root:
            return None
        return editor.parent_version

    def _end(self, outcome: Outcome) -> None:
        asked, self._asked = self._asked, None
        if isinstance(outcome, Finished) and asked is not None:
            gained: Contribution = outcome.value
            self.panel.say(gained.sentence)
            self._note(gained, *asked)
            self.given.emit()
        self._refresh()

    def _note(
        self, gained: Contribution, store: CaseStore, editor: MaskEditor, gift: Gift
    ) -> None:
        """Let the corrections go on from what was saved."""
        if editor is not self._session.mask:
            return
        self._clock = Attention()
        editor.parent_version = gained.version.number
        self._session.set_case(OpenCase(store, gained.record.case_id))
        # The reader may have painted while it was written.
        if np.array_equal(editor.labels, gift.mask.labels):
            editor.mark_saved()

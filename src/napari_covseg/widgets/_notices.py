"""Lines above the steps that tell of edits in danger, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["Notices"]


class Notices(QFrame):
    """Hidden while all is well.

    Parameters
    ----------
    session : Session
        Whose masks are watched.
    parent : QWidget, optional
        Owner of the lines.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lost: list[MaskEditor] = []
        self._trouble = ""
        self._watched: WeakSet[MaskEditor] = WeakSet()
        self.setObjectName("notice")
        self.words = wrapped_label("warning")
        self.put_back = QPushButton("Put back")
        self.put_back.setObjectName("primary")
        self.put_back.setToolTip("Show the mask again, with all its corrections.")
        self.let_go = QPushButton("Discard")
        self.let_go.setToolTip("Give the corrections up for good.")
        row = QHBoxLayout()
        row.addWidget(self.put_back)
        row.addWidget(self.let_go)
        column = QVBoxLayout(self)
        column.addWidget(self.words)
        column.addLayout(row)
        self.put_back.clicked.connect(self._put_back)
        self.let_go.clicked.connect(self._let_go)
        session.mask_lost.connect(self._tell_lost)
        session.mask_changed.connect(self._watch)
        self._watch()
        self._show()

    def _tell_lost(self, editor: MaskEditor) -> None:
        self._lost.append(editor)
        self._show()

    def _put_back(self) -> None:
        self._session.put_back(self._lost.pop())
        self._show()

    def _let_go(self) -> None:
        self._session.forget(self._lost.pop())
        self._show()

    def _watch(self) -> None:
        editor = self._session.mask
        if editor is None or editor in self._watched:
            return
        self._watched.add(editor)
        autosave = self._session.autosave_of(editor)
        autosave.failed.connect(self._tell_trouble)
        autosave.recovered.connect(self._tell_trouble)

    def _tell_trouble(self, sentence: str = "") -> None:
        self._trouble = sentence
        self._show()

    def _show(self) -> None:
        lost = _told(self._lost[-1]) if self._lost else ""
        self.words.setText("\n".join(part for part in (self._trouble, lost) if part))
        for button in (self.put_back, self.let_go):
            button.setVisible(bool(lost))
        self.setVisible(bool(self.words.text()))


def _told(lost: MaskEditor) -> str:
    return f"“{lost.layer.name}” was removed, and its corrections are not saved."

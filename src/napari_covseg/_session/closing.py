"""Ask before a window with unsaved corrections closes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox

from napari_covseg._screen.choice import ChoiceDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_covseg._session.session import Session

__all__ = ["CANCEL", "DISCARD", "KEEP", "CloseGuard", "ClosingDialog"]

KEEP, DISCARD, CANCEL = "keep", "discard", "cancel"
_CHOICES = (
    (
        KEEP,
        "Close, ask me next time",
        "The next start offers to bring the corrections back.",
    ),
    (DISCARD, "Discard", "Close; the corrections are lost for good."),
    (CANCEL, "Go back", "Do not close."),
)


class ClosingDialog(ChoiceDialog):
    """Tells which masks are not saved; Escape goes back to them.

    Parameters
    ----------
    names : tuple of str
        Of the masks.
    parent : QWidget, optional
        The window that is about to close.
    """

    def __init__(self, names: tuple[str, ...], parent: QWidget | None = None) -> None:
        listed = "".join(f"<li>{escape(name)}</li>" for name in names)
        words = (
            f"These masks have corrections that are in no file yet:<ul>{listed}</ul>"
            "To save them, go back and use the step Export, or Save version in the "
            "Worklist."
        )
        super().__init__("Corrections are not saved", words, _CHOICES, parent)
        self.keep, self.discard, self.cancel = self.buttons


def ask(names: tuple[str, ...], window: QWidget | None) -> str:
    """Ask in a dialog; gives `KEEP`, `DISCARD` or `CANCEL`."""
    dialog = ClosingDialog(names, window)
    dialog.exec()
    dialog.deleteLater()
    return dialog.answer


def warn(window: QWidget | None) -> str:
    """Ask once more, as the next start cannot bring back what no disk has."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Corrections are not backed up")
    box.setText(
        "The disk refuses the last corrections, so the next start cannot bring them "
        "back. Go back to save the masks elsewhere."
    )
    go_back = box.addButton("Go back", QMessageBox.ButtonRole.RejectRole)
    lose = box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(go_back)
    box.setEscapeButton(go_back)
    box.exec()
    box.deleteLater()
    # However else the question ended, nothing is lost.
    return KEEP if box.clickedButton() is lose else CANCEL


class CloseGuard(QObject):
    """Stands before the close button of a window.

    Parameters
    ----------
    session : Session
        Whose unsaved masks count.
    window : QWidget
        Owns this object.
    how : callable
        Asks the user; see `ask`.
    warn : callable
        Asks again if the disk refuses the backup; see `warn`.
    """

    # Python may have emptied this object while Qt still destroys its window.
    _answer = CANCEL

    def __init__(
        self,
        session: Session,
        window: QWidget,
        how: Callable[[tuple[str, ...], QWidget | None], str] = ask,
        warn: Callable[[QWidget | None], str] = warn,
    ) -> None:
        super().__init__(window)
        self._session = session
        self.how, self.warn = how, warn
        window.installEventFilter(self)

    @classmethod
    def of(cls, window: QWidget, session: Session) -> CloseGuard:
        """Give the one guard of a window; a second dock must not ask again."""
        return window.findChild(cls) or cls(session, window)

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:
        """Let the window close, or not."""
        if event.type() == QEvent.Type.Close:
            return self._hold_back(watched, event)
        # napari asks a question of its own, so a window may stay after all.
        if event.type() == QEvent.Type.Hide and not event.spontaneous():
            self._end()
        return False

    def _hold_back(self, window: QWidget, event: QEvent) -> bool:
        for editor in self._session.editors:
            editor.commit()
        names = tuple(editor.layer.name for editor in self._session.unsaved)
        self._answer = self.how(names, window) if names else KEEP
        if names and self._answer == KEEP and not self._session.is_backed_up():
            self._answer = self.warn(window)
        if self._answer == CANCEL:
            event.ignore()
            return True
        if not window.isVisible():
            self._end()
        return False

    def _end(self) -> None:
        if self._answer != CANCEL:
            self._session.close(keep=self._answer == KEEP)
            self._answer = CANCEL

"""Hand on masks, lungs and reports as files, and take in masks of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QFileDialog,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError, UsageError
from napari_covseg._files.export import Exported, ExportWish, export
from napari_covseg._files.export_wish import wish_of
from napari_covseg._processes.child import in_child
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.remembered import EXPORTS, remember, remembered
from napari_covseg.widgets._export_form import ExportForm
from napari_covseg.widgets._open_mask import OpenMask
from napari_covseg.widgets._saved_line import SavedLine
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["ExportStep"]

_APART_PX = 10


class ExportStep(QWidget):
    """Saves what is on screen as a file, and opens masks of other programs.

    Parameters
    ----------
    session : Session
        Knows the scan and its masks.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._saving: MaskEditor | None = None
        self.question: QMessageBox | None = None
        self.form = ExportForm(session)
        self.button = QPushButton("Save as…")
        self.button.setObjectName("primary")
        self.waiting = WaitingLine("Stop; no file is written.")
        self.saved = SavedLine()
        self.opening = OpenMask(session)
        self._lay_out()
        self.button.clicked.connect(self._ask_path)
        self.form.changed.connect(self._refresh)
        session.scan_changed.connect(self.saved.hide)
        self._refresh()

    def save_to(self, path: Path) -> None:
        """Write to a file; asks first if that would replace one."""
        path = self.form.with_suffix(path)
        if path.exists():
            self._ask_to_replace(path)
        else:
            self._save(path)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.form, self.button, self.waiting, self.saved):
            column.addWidget(part)
        column.addSpacing(_APART_PX)
        column.addWidget(self.opening)

    def _refresh(self) -> None:
        missing = self.form.missing
        self.button.setEnabled(not missing and not self.waiting.is_busy)
        self.button.setToolTip(missing or "Choose a folder and a name, and save.")

    def _ask_path(self) -> None:
        folder, name = Path(remembered(EXPORTS)), self.form.suggested_name()
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            "Save as",
            str(self.form.with_suffix(folder / name)),
            self.form.kind,
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if chosen:
            remember(EXPORTS, str(Path(chosen).parent))
            self.save_to(Path(chosen))

    def _ask_to_replace(self, path: Path) -> None:
        self.question = QMessageBox(
            QMessageBox.Icon.Question,
            "Replace?",
            f"{path.name} is there already. Replace?",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            self,
        )
        replace = self.question.button(QMessageBox.StandardButton.Yes)
        replace.setText("Replace")
        replace.clicked.connect(lambda: self._save(path))
        self.question.open()

    def _save(self, path: Path) -> None:
        if self.waiting.is_busy:
            return
        try:
            wish = self._wish(path)
        except CovsegError as error:
            self.waiting.say(Failed(error).sentence, warning=True)
            return
        self._watch_edits(wish)
        self.saved.hide()
        run = Run(in_child, export, wish)
        self.waiting.follow(run, "Preparing")
        run.ended.connect(self._end)
        self._refresh()

    def _wish(self, path: Path) -> ExportWish:
        if self.form.missing:
            raise UsageError(self.form.missing)
        return wish_of(self._session, path, self.form.content, self.form.format_name)

    def _watch_edits(self, wish: ExportWish) -> None:
        """Remember the mask that will be saved, until it is edited again."""
        self._forget_edits()
        # Contours and reports cannot give the mask back; a case keeps versions.
        keeps = wish.content in ("mask", "both") and wish.format_name != "rtstruct"
        if keeps and self._session.case is None:
            self._saving = self._session.mask
        if self._saving is not None:
            self._saving.edited.connect(self._forget_edits)

    def _forget_edits(self, change: object = None) -> None:
        if self._saving is not None:
            self._saving.edited.disconnect(self._forget_edits)
        self._saving = None

    def _end(self, outcome: Outcome) -> None:
        self._refresh()
        if isinstance(outcome, Finished):
            done: Exported = outcome.value
            self.saved.say(_told(done), done.paths[0].parent)
            if self._saving is not None and self._saving in self._session.editors:
                self._saving.mark_saved()
        self._forget_edits()


def _told(done: Exported) -> str:
    names = ", ".join(path.name for path in done.paths)
    amounts = ", ".join(f"{kind} {ml:.1f} ml" for kind, ml in done.volumes_ml.items())
    return f"Saved {names}: {amounts}."

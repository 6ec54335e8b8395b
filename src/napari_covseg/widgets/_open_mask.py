"""Open a mask of another program, or of another day, on the scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from covseg_core.errors import CovsegError
from napari_covseg._processes.worker import Failed, Finished, Outcome
from napari_covseg._screen.remembered import EXPORTS, remember, remembered
from napari_covseg.widgets._onto_scan import OTHER_SCAN, run_onto_scan, take_in
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from napari_covseg._convert import LayerTuple
    from napari_covseg._files.import_mask import Imported
    from napari_covseg._session.session import Session

__all__ = ["OpenMask"]

_FILES = "Masks (*.nii *.nii.gz *.dcm);;All files (*)"
_TIP = (
    "Read a NIfTI mask or a DICOM segmentation, also one of another program, onto the "
    "scan, as a new mask to correct."
)
_NO_SCAN = "Open the chest CT first that the mask was drawn on."


class OpenMask(QWidget):
    """A button, and a line that says what was opened.

    Parameters
    ----------
    session : Session
        Gets the mask, and the lungs if the file holds them.
    parent : QWidget, optional
        Owner of the button.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.button = QPushButton("Open a mask…")
        self.button.clicked.connect(self._ask)
        self.waiting = WaitingLine("Stop; nothing is opened.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button)
        column.addWidget(self.waiting)
        session.scan_changed.connect(self._refresh)
        self._refresh()

    def open_path(self, path: Path) -> None:
        """Read a file; nothing changes unless it lies on the scan."""
        if self.waiting.is_busy:
            return
        scan = self._session.scan
        try:
            run = run_onto_scan(self._session, path)
        except CovsegError as error:
            self.waiting.say(Failed(error).sentence, warning=True)
            return
        if run is None:
            return
        self.waiting.follow(run, "Reading")
        run.ended.connect(lambda outcome: self._end(outcome, scan))
        self._refresh()

    def _refresh(self) -> None:
        has_scan = self._session.scan is not None
        self.button.setEnabled(has_scan and not self.waiting.is_busy)
        self.button.setToolTip(_TIP if has_scan else _NO_SCAN)

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Mask to open", remembered(EXPORTS), _FILES
        )
        if name:
            remember(EXPORTS, str(Path(name).parent))
            self.open_path(Path(name))

    def _end(self, outcome: Outcome, scan: object) -> None:
        self._refresh()
        if not isinstance(outcome, Finished):
            return
        if scan is not self._session.scan:
            self.waiting.say(OTHER_SCAN)
            return
        self._show(*outcome.value)

    def _show(self, found: Imported, made: LayerTuple | None) -> None:
        # Two masks on each other cannot be read.
        if made is not None and self._session.mask is not None:
            self._session.mask.layer.visible = False
        take_in(self._session, found, made)
        self.waiting.say(found.told)

"""Open a scan, see what it is, and choose the mask to work on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError, SeriesChoiceError
from covseg_core.labels import INFECTION, LESIONS, LabelSet
from napari_covseg._convert import blank_mask_layer
from napari_covseg._files.choose_series import SeriesDialog
from napari_covseg._files.drops import accept_drops
from napari_covseg._files.read_scan import make_sample, read_scan
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.remembered import remember, remembered
from napari_covseg._screen.rows import add_row, form_rows
from napari_covseg.widgets._buttons import plain_button
from napari_covseg.widgets._mask_picker import MaskPicker
from napari_covseg.widgets._onto_scan import OTHER_SCAN, run_onto_scan, take_in
from napari_covseg.widgets._pickers import ScanPicker
from napari_covseg.widgets._scan_facts import ScanFactsView
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image, Labels

    from napari_covseg._convert import LayerTuple
    from napari_covseg._files.open import Opened
    from napari_covseg._session.session import Session

__all__ = ["CaseStep"]

_FOLDER = "case/folder"
_NIFTI = "NIfTI (*.nii *.nii.gz)"
_NO_SCAN = "Open a scan first; a mask lies on a scan."
_NEW_MASKS = (
    ("Ground glass and consolidation", LESIONS),
    ("Infection, one class", INFECTION),
)


class CaseStep(QWidget):
    """Opens scans and masks, one at a time, without stopping the window.

    Parameters
    ----------
    session : Session
        Gets the chosen scan and mask.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._path: Path | None = None
        self._under: Image | None = None
        self.question: SeriesDialog | None = None
        self.open_folder = plain_button(
            "Open DICOM folder…", "Open a folder with a chest CT in DICOM."
        )
        self.open_file = plain_button(
            "Open NIfTI…", "Open a CT, or a mask of the scan, from a NIfTI file."
        )
        self.open_sample = plain_button(
            "Sample", "Open a made chest CT with infection, to try everything out."
        )
        self.waiting = WaitingLine("Stop reading; nothing is opened.")
        self.scans = ScanPicker(session.viewer)
        self.facts = ScanFactsView()
        self.masks = MaskPicker()
        self.new_mask = plain_button(
            "New empty mask", "Begin a mask by hand on the chosen scan."
        )
        self._fill_menu()
        self._lay_out()
        self._connect()
        self._follow_layers()

    def open_path(self, path: Path) -> None:
        """Read a DICOM folder or file, or a NIfTI file, and show it."""
        if not self.waiting.is_busy:
            self._read(path)

    def _lay_out(self) -> None:
        buttons = QGridLayout()
        buttons.addWidget(self.open_folder, 0, 0)
        buttons.addWidget(self.open_file, 0, 1)
        buttons.addWidget(self.open_sample, 1, 0)
        buttons.addWidget(self.new_mask, 1, 1)
        rows = form_rows()
        add_row(rows, "Scan", self.scans)
        rows.addRow(self.facts)
        add_row(rows, "Edit mask", self.masks)
        self.facts.in_line_with = rows.labelForField(self.masks)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.waiting)
        column.addLayout(rows)

    def _connect(self) -> None:
        self.open_folder.clicked.connect(self._ask_folder)
        self.open_file.clicked.connect(self._ask_file)
        self.open_sample.clicked.connect(self._open_sample)
        self.scans.currentIndexChanged.connect(self._choose_scan)
        self.masks.currentIndexChanged.connect(self._choose_mask)
        self._session.scan_changed.connect(self._follow_scan)
        self._session.mask_changed.connect(self._list_masks)
        events = self._session.viewer.layers.events
        for changed in (events.inserted, events.removed, events.renamed):
            changed.connect(self._follow_layers)
        accept_drops(self, self.open_path)

    def _fill_menu(self) -> None:
        menu = QMenu(self.new_mask)
        for title, label_set in _NEW_MASKS:
            action = menu.addAction(title)
            action.triggered.connect(
                lambda _=False, classes=label_set: self._add_empty_mask(classes)
            )
        self.new_mask.setMenu(menu)

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder with a chest CT", remembered(_FOLDER)
        )
        if folder:
            remember(_FOLDER, str(Path(folder).parent))
            self.open_path(Path(folder))

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "CT or mask", remembered(_FOLDER), _NIFTI
        )
        if name:
            remember(_FOLDER, str(Path(name).parent))
            self.open_path(Path(name))

    def _open_sample(self) -> None:
        self._path = None
        self._start(Run(make_sample), "Making the sample", self._end)

    def _read(self, path: Path, series_uid: str = "") -> None:
        self._path = path
        self._start(Run(read_scan, path, series_uid), "Reading", self._end)

    def _start(self, run: Run, doing: str, end: Callable[[Outcome], None]) -> None:
        self._let_open(can_open=False)
        self.waiting.follow(run, doing)
        run.ended.connect(end)

    def _let_open(self, *, can_open: bool) -> None:
        for button in (self.open_folder, self.open_file, self.open_sample):
            button.setEnabled(can_open)

    def _end(self, outcome: Outcome) -> None:
        self._let_open(can_open=True)
        if isinstance(outcome, Finished) and outcome.value is not None:
            self._show(outcome.value)
        elif isinstance(outcome, Failed) and isinstance(
            outcome.error, SeriesChoiceError
        ):
            self.waiting.say("")
            self._ask_series(outcome.error)

    def _ask_series(self, several: SeriesChoiceError) -> None:
        self.question = SeriesDialog(several.series, self)
        self.question.accepted.connect(self._read_series)
        self.question.finished.connect(self.question.deleteLater)
        self.question.open()

    def _read_series(self) -> None:
        if self.question is not None and self._path is not None:
            self._read(self._path, self.question.series_uid)

    def _show(self, opened: Opened) -> None:
        *_, kind = opened.layer
        if kind == "labels":
            self._lay_on_scan()
        else:
            self._add(opened.layer)

    def _lay_on_scan(self) -> None:
        """Read a mask again, onto the scan in front, as it is corrected only there."""
        self._under = self._session.scan
        try:
            run = run_onto_scan(self._session, self._path) if self._path else None
        except CovsegError as error:
            self._refuse(error)
            return
        if run is None:
            self.waiting.say(_NO_SCAN, warning=True)
        else:
            self._start(run, "Reading", self._end_mask)

    def _end_mask(self, outcome: Outcome) -> None:
        self._let_open(can_open=True)
        if not isinstance(outcome, Finished):
            return
        if self._under is not self._session.scan:
            self.waiting.say(OTHER_SCAN)
            return
        found, made = outcome.value
        take_in(self._session, found, made)
        self.waiting.say(found.told)

    def _add(self, made: LayerTuple) -> Any:
        data, arguments, kind = made
        add = getattr(self._session.viewer, f"add_{kind}")
        return add(data, **arguments)

    def _add_empty_mask(self, label_set: LabelSet) -> None:
        scan = self.scans.layer
        if scan is None:
            self.waiting.say(_NO_SCAN, warning=True)
            return
        try:
            blank = blank_mask_layer(scan.metadata, label_set, f"{scan.name} mask")
        except CovsegError as error:
            self._refuse(error)
            return
        self._edit(self._add(blank))

    def _choose_scan(self) -> None:
        layer = self.scans.layer
        if layer is not None and layer is not self._session.scan:
            self._session.choose_scan(layer)

    def _choose_mask(self) -> None:
        layer, before = self.masks.layer, self._session.mask
        if layer is None:
            return
        self._edit(layer)
        after = self._session.mask
        if before is not None and after is not None and after is not before:
            # What is corrected and measured is what is seen.
            before.layer.visible, after.layer.visible = False, True

    def _edit(self, layer: Labels) -> None:
        try:
            self._session.edit(layer)
        except CovsegError as error:
            self._refuse(error)
        else:
            self.waiting.say("")

    def _refuse(self, error: CovsegError) -> None:
        self.waiting.say(Failed(error).sentence, warning=True)

    def _follow_layers(self, event: Any = None) -> None:
        self.scans.refresh()
        self._list_masks()

    def _follow_scan(self) -> None:
        scan = self._session.scan
        if scan is not None:
            self.scans.setCurrentText(scan.name)
        self.facts.show_scan(None if scan is None else self._session.ct())
        self._list_masks()

    def _list_masks(self) -> None:
        editor = self._session.mask
        edited = None if editor is None else editor.layer
        self.masks.show_masks(self._session.masks_here(), edited)
        self.masks.setEnabled(self.masks.count() > 1)
        self.new_mask.setEnabled(self._session.scan is not None)

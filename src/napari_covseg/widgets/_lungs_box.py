"""Find the lungs, open their lobes, and show them on the scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QFileDialog, QPushButton, QVBoxLayout, QWidget

from covseg_core.labels import LUNGS
from napari_covseg._convert import mask_layer
from napari_covseg._files.lungs import lungs_of_scan
from napari_covseg._files.read_scan import read_lobes_of
from napari_covseg._processes.child import in_child
from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._screen.removal import remove_soon
from napari_covseg.widgets._waiting import WaitingLine

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from covseg_core.volume import LungMask
    from napari_covseg._session.session import Session

__all__ = ["LungsBox"]

_LOBES = (
    "Open a mask of the lobes (NIfTI: 1 left upper, 2 left lower, 3 right upper, "
    "4 right middle, 5 right lower), to score by lobe."
)


class LungsBox(QWidget):
    """What severity needs besides the mask.

    Parameters
    ----------
    session : Session
        Keeps lungs and lobes.
    parent : QWidget, optional
        Owner of the box.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._searched: Image | None = None
        self._layer: Labels | None = None
        self._shown: LungMask | None = None
        self.find = QPushButton("Find the lungs")
        self.find.setObjectName("primary")
        self.find.setToolTip("Find both lungs on the scan, by their air.")
        self.lobes = QPushButton("Open lobes…")
        self.lobes.setToolTip(_LOBES)
        self.show_lungs = QCheckBox("Show the lungs")
        self.show_lungs.setToolTip("Show both lungs in colour on the scan.")
        self.waiting = WaitingLine("Stop; what is there stays.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.find, self.lobes, self.show_lungs, self.waiting):
            column.addWidget(part)
        self.find.clicked.connect(self._find)
        self.lobes.clicked.connect(self._ask_lobes)
        self.show_lungs.toggled.connect(self._show_layer)
        session.viewer.layers.events.removed.connect(self._on_removed)
        session.scan_changed.connect(self.refresh)
        session.lungs_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Offer what is possible with the scan in front."""
        has_lungs = self._session.lungs is not None
        can_begin = self._session.scan is not None and not self.waiting.is_busy
        self.find.setVisible(not has_lungs)
        self.find.setEnabled(can_begin)
        self.lobes.setEnabled(can_begin)
        self.show_lungs.setVisible(has_lungs)
        if self._session.lungs is not self._shown:
            self.show_lungs.setChecked(False)

    def open_lobes(self, path: Path) -> None:
        """Read a mask of the lobes of the scan."""
        if self._session.scan is not None and not self.waiting.is_busy:
            run = Run(read_lobes_of, path, self._session.ct())
            self._follow(run, "Reading the lobes")
            run.ended.connect(self._keep_lobes)

    def _find(self) -> None:
        if self._session.scan is not None and not self.waiting.is_busy:
            run = Run(in_child, lungs_of_scan, self._session.ct())
            self._follow(run, "Finding the lungs")
            run.ended.connect(self._keep_lungs)

    def _follow(self, run: Run, stage: str) -> None:
        self._searched = self._session.scan
        self.waiting.follow(run, stage)
        self.find.setEnabled(False)
        self.lobes.setEnabled(False)

    def _keep_lungs(self, outcome: Outcome) -> None:
        self.refresh()
        if isinstance(outcome, Finished):
            self._session.set_lungs(outcome.value, self._searched)

    def _keep_lobes(self, outcome: Outcome) -> None:
        from covseg_core.severity.regions import lungs_from_lobes

        self.refresh()
        scan = self._searched
        if not isinstance(outcome, Finished) or scan is None:
            return
        if self._session.lungs_of(scan) is None:
            self._session.set_lungs(lungs_from_lobes(outcome.value), scan)
        self._session.set_lobes(outcome.value, scan)

    def _ask_lobes(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Open a mask of the lobes", "", "NIfTI (*.nii *.nii.gz)"
        )
        if name:
            self.open_lobes(Path(name))

    def _on_removed(self, event: Any) -> None:
        """Untick the box when the user has removed the layer."""
        if event.value is self._layer:
            self._layer = None
            self.show_lungs.setChecked(False)

    def _show_layer(self, is_on: bool) -> None:
        layer, self._layer = self._layer, None
        viewer, lungs = self._session.viewer, self._session.lungs
        self._shown = lungs if is_on else None
        if layer is not None:
            remove_soon(viewer, layer)
        if is_on and lungs is not None:
            active = viewer.layers.selection.active
            data, arguments, _ = mask_layer(lungs, LUNGS.name.capitalize())
            self._layer = viewer.add_labels(data, **arguments)
            self._layer.editable = False
            viewer.layers.selection.active = active

"""Outline infection: choose a scan and a model, run, see the volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from covseg_core.errors import CovsegError
from covseg_core.inference.config import PredictSettings
from napari_covseg._convert import blank_mask_layer, ct_from_layer
from napari_covseg._form import SettingsForm
from napari_covseg._outline import GrowingMask, outline_infection
from napari_covseg._style import widget_style
from napari_covseg._worker import Failed, Finished, Outcome, Run
from napari_covseg.widgets._folded import folded
from napari_covseg.widgets._pickers import ModelPicker, ScanPicker
from napari_covseg.widgets._run_panel import RunPanel, wrapped_label
from napari_covseg.widgets._volumes import VolumesView

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer
    from qtpy.QtGui import QShowEvent

    from covseg_core.inference.predict import Prediction
    from covseg_core.registry.card import ModelCard
    from covseg_core.registry.store import ModelEntry

__all__ = ["SegmentWidget"]

_NO_SCAN = (
    "Open a chest CT first: File › Open Folder… for DICOM, File › Open File(s)… for "
    "NIfTI, or File › Open Sample › CovSeg to try it out."
)
_NO_MODEL = "There is no model; import one with `covseg models import`."
_RESEARCH = "For research use only, not for diagnosis."
_DEVICES = ("auto", "cpu", "cuda")
_WIDTH_PX = 305
"""Narrower, and napari cuts the title."""


class SegmentWidget(QWidget):
    """Outlines infection on a CT layer while the mask grows on screen.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the scans are and the mask goes.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._mask: Labels | None = None
        self._earlier: Labels | None = None
        self._missing = ""
        self.scans = ScanPicker(napari_viewer)
        self.models = ModelPicker()
        self.summary = wrapped_label("faint")
        self.panel = RunPanel("Outline infection", "Outline infection on the scan.")
        self.volumes = VolumesView()
        self.form = SettingsForm(PredictSettings, {"device": _DEVICES})
        self._lay_out()
        self.setStyleSheet(widget_style())
        self.setMinimumWidth(_WIDTH_PX)
        # Else napari adds room below, and the last line would not be at the bottom.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.panel.wanted.connect(self._start)
        self.scans.currentIndexChanged.connect(self._refresh)
        self.models.currentIndexChanged.connect(self._refresh)
        self._refresh()

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers; napari calls this when the list changes."""
        self.scans.refresh()
        if self._mask is not None and self._shown(self._mask) is None:
            # The user removed the mask, so there is nothing left to outline.
            self._mask = None
            self.volumes.forget()
            self.panel.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """List the models anew, as one may have been trained meanwhile."""
        self.models.refresh()
        super().showEvent(event)

    def _lay_out(self) -> None:
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, box in (("Scan", self.scans), ("Model", self.models)):
            label = QLabel(title)
            label.setToolTip(box.toolTip())
            rows.addRow(label, box)
        rows.addRow(self.summary)
        options = folded("More options", self.form)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        for part in (self.panel, self.volumes, options):
            column.addWidget(part)
        column.addStretch()
        column.addWidget(wrapped_label("faint", _RESEARCH))

    def _refresh(self) -> None:
        """Say what is missing before a run can start."""
        entry = self.models.entry
        self.summary.setText(entry.card.summary if entry else "")
        self.summary.setToolTip(_small_print(entry.card) if entry else "")
        missing = _NO_MODEL if entry is None else ""
        missing = _NO_SCAN if self.scans.layer is None else missing
        if missing != self._missing and not self.panel.is_busy:
            self._missing = missing
            self.panel.button.setEnabled(not missing)
            self.panel.say(missing)

    def _start(self) -> None:
        layer, entry = self.scans.layer, self.models.entry
        if layer is None or entry is None:
            return
        try:
            run = self._prepare(layer, entry)
        except CovsegError as error:
            self.panel.fail(Failed(error))
            return
        self.panel.follow(run)
        run.ended.connect(self._end)

    def _prepare(self, layer: Image, entry: ModelEntry) -> Run:
        settings = self.form.read()
        ct = ct_from_layer(layer.data, layer.metadata)
        name = f"Infection ({entry.card.name})"
        blank = blank_mask_layer(layer.metadata, entry.card.labels, name)
        run = Run(outline_infection, ct, entry, settings)
        self._put_aside()
        self._mask = GrowingMask(self._viewer, blank, run).layer
        return run

    def _put_aside(self) -> None:
        """Hide the last mask, as two on each other cannot be read."""
        self._earlier = self._shown(self._mask)
        if self._earlier is not None:
            self._earlier.visible = False
        self.volumes.forget()

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self.panel.say(_told(outcome.value))
        else:
            self._mask = self._shown(self._earlier)
        if self._mask is not None:
            self._mask.visible = True
            self.volumes.follow(self._mask)
        self._refresh()

    def _shown(self, mask: Labels | None) -> Labels | None:
        return mask if mask is not None and mask in self._viewer.layers else None


def _small_print(card: ModelCard) -> str:
    lines = (card.intended_use, card.limits, card.licence, *card.data)
    return "\n".join(line for line in lines if line)


def _told(prediction: Prediction) -> str:
    done = f"Done in {prediction.seconds:.0f} s on {prediction.device}."
    notes = (f"Note: {note}." for note in prediction.notes)
    return " ".join((done, *notes))

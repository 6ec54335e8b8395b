"""Segment: choose a model, outline the scan or one slice, see the volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError, UsageError
from covseg_core.inference.config import PredictSettings, UncertaintySettings
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.transforms.orient import standardise_mask
from napari_covseg._convert import blank_mask_layer
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._screen.form import SettingsForm
from napari_covseg._screen.preferences import preferred_device
from napari_covseg._screen.rows import add_row, form_rows
from napari_covseg._screen.slices import NO_SLICE, is_axial, shown_slice
from napari_covseg._tools.doubt import DoubtLayer
from napari_covseg._tools.outline import Growth, Outline, OutlineWish, outline
from napari_covseg.widgets._folded import Fold
from napari_covseg.widgets._pickers import ModelPicker
from napari_covseg.widgets._run_panel import RunPanel, wrapped_label
from napari_covseg.widgets._volumes import VolumesView

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from qtpy.QtGui import QShowEvent

    from covseg_core.registry.card import ModelCard
    from covseg_core.registry.store import ModelEntry
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["SegmentStep"]

_NO_SCAN = "Open a chest CT first, in the step Case."
_NO_MODEL = "There is no model; import one with `covseg models import`."
_DEVICES = ("auto", "cpu", "cuda")


class SegmentStep(QWidget):
    """Outlines infection on the scan while the mask grows on screen.

    Parameters
    ----------
    session : Session
        Whose scan is outlined.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._editor: MaskEditor | None = None
        self._outlined: Image | None = None
        self._is_new = False
        self._missing: str | None = None
        self.models = ModelPicker()
        self.summary = wrapped_label("faint")
        self.whole, self.one_slice = _extent_buttons()
        self.doubt = QCheckBox("Show where the model is unsure")
        self.doubt.setToolTip(
            "Ask the model several times and show where its answers differ, as a "
            "layer; takes about eight times as long."
        )
        self.panel = RunPanel("Outline infection", "Outline infection on the scan.")
        self.volumes = VolumesView()
        self.form = SettingsForm(PredictSettings, {"device": _DEVICES})
        if (device := preferred_device()) != "auto":
            self.form.show_settings(PredictSettings(device=device))
        self._lay_out()
        self.panel.wanted.connect(self._start)
        self.models.currentIndexChanged.connect(self._refresh)
        session.scan_changed.connect(self._refresh)
        session.mask_changed.connect(self._on_mask)
        DoubtLayer.of(session)
        session.viewer.layers.events.removed.connect(self._on_removed)
        self._refresh()
        self._on_mask()

    def showEvent(self, event: QShowEvent) -> None:
        """List the models anew, as one may have been trained meanwhile."""
        self.models.refresh()
        super().showEvent(event)

    def _lay_out(self) -> None:
        rows = form_rows()
        add_row(rows, "Model", self.models)
        extent = QHBoxLayout()
        for button in (self.whole, self.one_slice):
            extent.addWidget(button)
        extent.addStretch()
        rows.addRow("Extent", extent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(rows)
        options = Fold("More options", self.form)
        for part in (self.summary, self.doubt, self.panel, self.volumes, options):
            column.addWidget(part)

    def _refresh(self) -> None:
        """Say what is missing before a run can start."""
        entry = self.models.entry
        self.summary.setText(entry.card.summary if entry else "")
        self.summary.setToolTip(_small_print(entry.card) if entry else "")
        missing = _NO_MODEL if entry is None else ""
        missing = _NO_SCAN if self._session.scan is None else missing
        if missing != self._missing and not self.panel.is_busy:
            self._missing = missing
            self.panel.button.setEnabled(not missing)
            self.panel.say(missing)

    def _on_mask(self) -> None:
        self.volumes.follow(self._session.mask)

    def _on_removed(self, event: object) -> None:
        if self._editor is not None and self._editor not in self._session.editors:
            # The user removed the mask, so there is nothing left to outline.
            self._editor = None
            self.panel.stop()

    def _start(self) -> None:
        entry = self.models.entry
        if self._session.scan is None or entry is None:
            return
        try:
            run = self._prepare(entry)
        except CovsegError as error:
            self.panel.fail(Failed(error))
            return
        self.panel.follow(run)
        # The panel clears its words first.
        run.ended.connect(self._end)

    def _prepare(self, entry: ModelEntry) -> Run:
        wish = self._wish(entry)
        if wish.slices is None or not self._fits(entry):
            self._begin_mask(entry)
        else:
            self._editor, self._is_new = self._session.mask, False
        if self._editor is None:
            raise CovsegError("the mask is gone; outline the scan again.")
        self._editor.commit()
        self._outlined = self._session.scan
        run = Run(outline, wish, self._editor.kept)
        Growth(self._editor, run, self._session.viewer)
        return run

    def _wish(self, entry: ModelEntry) -> OutlineWish:
        settings, slices = self.form.read(), None
        if self.one_slice.isChecked() and self._session.scan is not None:
            if not is_axial(self._session.viewer):
                raise UsageError(NO_SLICE)
            number = shown_slice(self._session.viewer, self._session.scan)
            slices = slice(number, number + 1)
        asks = UncertaintySettings() if self.doubt.isChecked() else None
        ct, lungs = self._session.ct(), self._session.lungs
        return OutlineWish(ct, entry, settings, lungs, slices, asks)

    def _fits(self, entry: ModelEntry) -> bool:
        """Whether the mask that is corrected has the classes of a model."""
        mask = self._session.mask
        return mask is not None and mask.label_set == entry.card.labels

    def _begin_mask(self, entry: ModelEntry) -> None:
        """Add an empty mask, and hide the last, as two cannot be read."""
        scan = self._session.scan
        if scan is None:
            return
        if self._session.mask is not None:
            self._session.mask.layer.visible = False
        name = f"Infection ({entry.card.name})"
        data, arguments, _ = blank_mask_layer(scan.metadata, entry.card.labels, name)
        layer: Labels = self._session.viewer.add_labels(data, **arguments)
        origin = MaskOrigin("model", entry.card.name, entry.card.weights_sha256 or "")
        self._editor, self._is_new = self._session.edit(layer, origin), True

    def _end(self, outcome: Outcome) -> None:
        editor, self._editor = self._editor, None
        scan, self._outlined = self._outlined, None
        if isinstance(outcome, Finished) and scan is not None:
            self._show(outcome.value, scan)
        elif editor is not None and self._is_new:
            self._session.viewer.layers.remove(editor.layer)
            if self._session.mask is not None:
                self._session.mask.layer.visible = True
        self._refresh()

    def _show(self, found: Outline, scan: Image) -> None:
        """Keep what was found for the scan, as another may be in front by now."""
        prediction = found.prediction
        if prediction.lungs is not None and self._session.lungs_of(scan) is None:
            self._session.set_lungs(standardise_mask(prediction.lungs), scan)
        if (unsure := prediction.uncertainty) is not None:
            self._session.set_doubt(unsure.slices, found.doubt, scan)
        notes = (f"Note: {note}." for note in prediction.notes)
        took = f"{prediction.seconds:.0f} s on {prediction.device}"
        done = f"Outlined {scan.name} in {took}."
        self.panel.say(" ".join((done, *notes)))


def _extent_buttons() -> tuple[QRadioButton, QRadioButton]:
    whole, one = QRadioButton("Whole scan"), QRadioButton("This slice")
    whole.setToolTip("Outline every slice, as a new mask.")
    one.setToolTip(
        "Outline only the slice on screen again; the rest of the mask stays as it is."
    )
    whole.setChecked(True)
    group = QButtonGroup(whole)
    for button in (whole, one):
        group.addButton(button)
    return whole, one


def _small_print(card: ModelCard) -> str:
    lines = (card.intended_use, card.limits, card.licence, *card.data)
    return "\n".join(line for line in lines if line)

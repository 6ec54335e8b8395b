"""What-if: see the scan as it might look, healthier or more diseased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import CovsegError
from covseg_core.inference.config import PredictSettings, StitchSettings
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run, Stopped
from napari_covseg._screen.once import once
from napari_covseg._screen.rows import add_row, form_rows
from napari_covseg._screen.style import widget_style
from napari_covseg._whatif.layers import BANNER, NAMES, STITCHED
from napari_covseg._whatif.run import imagine_scan
from napari_covseg._whatif.save import WhatIfWish
from napari_covseg._whatif.stage import Stage
from napari_covseg.widgets._pickers import ModelPicker
from napari_covseg.widgets._run_panel import RunPanel, wrapped_label
from napari_covseg.widgets._stitch_controls import StitchControls
from napari_covseg.widgets._view_choice import ViewChoice
from napari_covseg.widgets._whatif_saving import SavingRow

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Image
    from qtpy.QtGui import QHideEvent, QShowEvent

    from covseg_core.inference.imagined import WhatIf
    from covseg_core.registry.card import ModelCard
    from napari_covseg._session.session import Session

__all__ = ["WhatIfWidget"]

_TIP = (
    "Let a model draw the scan as if its lungs were healthy, opaque or consolidated. "
    "Your scan and masks stay as they are."
)
_REMOVE_TIP = "Take the synthetic images away, and show the scan as before."
_NO_SCAN = "Open a chest CT first."
_NO_MODEL = "There is no StichNet; import one with `covseg models import`."


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is imagined, with which model and how."""

    scan: Image
    card: ModelCard
    settings: PredictSettings


class WhatIfWidget(QWidget):
    """Imagines the scan, paints lesions and varies severity on synthetic layers.

    Parameters
    ----------
    session : Session
        The scan that is imagined.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._stage: Stage | None = None
        self._asked: _Asked | None = None
        self._made_by: _Asked | None = None
        self._dropping = once(self, self._drop)
        self.banner = wrapped_label("warning", BANNER)
        self.models = ModelPicker(_is_stichnet)
        self.models.setToolTip("The model that imagines.")
        self.panel = RunPanel("Imagine", _TIP)
        self.view = ViewChoice(NAMES)
        self.controls = StitchControls()
        self.saving = SavingRow()
        self.remove = QPushButton("Remove synthetic images")
        self.remove.setToolTip(_REMOVE_TIP)
        self.result = QWidget()
        self._lay_out()
        self.setStyleSheet(widget_style())
        self._connect()
        self._refresh()

    @property
    def stage(self) -> Stage | None:
        """What is shown; None before anything was imagined."""
        return self._stage

    def showEvent(self, event: QShowEvent) -> None:
        """Show what was imagined again."""
        self.models.refresh()
        super().showEvent(event)
        if not event.spontaneous():
            self.enter()

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the viewer back as it was before."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.leave()

    def enter(self) -> None:
        """Show the synthetic images."""
        if self._stage is not None:
            self._stage.enter()
            self._arrange()

    def leave(self) -> None:
        """Hide the synthetic images; grid and visibility are as they were before."""
        if self._stage is not None and self._stage.is_entered:
            self._stage.leave()
            self.controls.paint.setChecked(False)

    def save_in(self, folder: Path) -> None:
        """Write the images into a new folder in `folder`."""
        stage, asked = self._stage, self._made_by
        facts = None if stage is None else facts_of(stage.scan.metadata)
        if stage is None or asked is None or not isinstance(facts, CTFacts):
            return
        wish = WhatIfWish(
            stage.whatif,
            facts.grid,
            stage.layers.paint.data.copy(),
            stage.live.severity,
            stage.live.settings,
            asked.card,
            asked.settings,
        )
        self.saving.write(folder, wish)

    def _lay_out(self) -> None:
        rows = form_rows()
        add_row(rows, "Model", self.models)
        inner = QVBoxLayout(self.result)
        inner.setContentsMargins(0, 0, 0, 0)
        for part in (self.view, self.controls, self.saving, self.remove):
            inner.addWidget(part)
        self.result.hide()
        self.banner.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        column.addLayout(rows)
        column.addWidget(self.panel)
        column.addWidget(self.result)
        column.addStretch()

    def _connect(self) -> None:
        self.panel.wanted.connect(self._start)
        self.models.currentIndexChanged.connect(self._refresh)
        self._session.scan_changed.connect(self._on_scan)
        self.view.changed.connect(self._arrange)
        self.saving.chosen.connect(self.save_in)
        self.remove.clicked.connect(self._drop)
        controls = self.controls
        controls.painted.connect(self._arrange)
        controls.varied.connect(self._vary)
        controls.settled.connect(self._settle)
        controls.tissue_chosen.connect(self._choose_tissue)
        controls.cleared.connect(self._clear)

    def _refresh(self) -> None:
        if self.panel.is_busy:
            return
        missing = _NO_MODEL if self.models.entry is None else ""
        missing = _NO_SCAN if self._session.scan is None else missing
        self.panel.button.setEnabled(not missing)
        self.panel.button.setToolTip(missing or _TIP)

    def _start(self) -> None:
        scan, entry, settings = self._session.scan, self.models.entry, PredictSettings()
        if scan is None or entry is None:
            return
        try:
            ct = self._session.ct()
        except CovsegError as error:
            self.panel.fail(Failed(error))
            return
        run = Run(imagine_scan, ct, entry, settings, self._session.lungs)
        self._asked = _Asked(scan, entry.card, settings)
        self.panel.follow(run)
        run.ended.connect(self._end)

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Stopped):
            self.panel.say("Stopped.")
        elif isinstance(outcome, Finished) and self._asked is not None:
            self._take(outcome.value, self._asked)
        self._refresh()

    def _take(self, whatif: WhatIf, asked: _Asked) -> None:
        if asked.scan is not self._session.scan:
            self.panel.say("The scan was changed meanwhile; imagine this one anew.")
            return
        if self._session.lungs is None:
            self._session.set_lungs(whatif.lungs)
        self._show(whatif, asked.scan)
        self._made_by = asked
        self.panel.say(_told(whatif))

    def _show(self, whatif: WhatIf, scan: Image) -> None:
        self._drop()
        stage = Stage(self._session.viewer, scan, whatif, self)
        stage.live.use(self.controls.form.read())
        stage.live.failed.connect(self.panel.fail)
        stage.layers.seen.connect(self.banner.setVisible)
        # Layers cannot be removed while napari tells that one was.
        stage.layers.lost.connect(self._dropping.start)
        self._stage = stage
        self.result.show()
        self._arrange()

    def _arrange(self) -> None:
        if self._stage is not None and self._stage.is_entered:
            chosen = self.view.chosen if self.view.is_stacked else None
            self._stage.arrange(chosen, is_painting=self.controls.paint.isChecked())

    def _vary(self, severity: float) -> None:
        if self._stage is not None:
            self._stage.live.vary(severity)
            if self.view.is_stacked and not self.controls.paint.isChecked():
                self.view.choose(STITCHED)

    def _settle(self, settings: StitchSettings) -> None:
        if self._stage is not None:
            self._stage.live.use(settings)

    def _choose_tissue(self, value: int) -> None:
        if self._stage is not None:
            self._stage.layers.paint.selected_label = value

    def _clear(self) -> None:
        if self._stage is not None:
            self._stage.clear_paint()

    def _on_scan(self) -> None:
        stage, scan = self._stage, self._session.scan
        if stage is not None and scan is not stage.scan:
            stage.leave(only_grid=scan is not None)
            self._dropping.start()
        self._refresh()

    def _drop(self) -> None:
        """Take the synthetic layers away."""
        self._dropping.stop()
        stage, self._stage = self._stage, None
        if stage is None:
            return
        stage.close()
        self.controls.reset()
        self.result.hide()
        self.banner.hide()
        self.panel.say("")


def _is_stichnet(card: ModelCard) -> bool:
    return card.architecture == "stichnet" and not card.pretext


def _told(whatif: WhatIf) -> str:
    found_ml = sum(whatif.lesions.volumes_ml.values())
    done = f"Done in {whatif.seconds:.0f} s on {whatif.device}."
    if not found_ml:
        return f"{done} The model finds no lesion, so severity changes nothing."
    return f"{done} The model finds {found_ml:.0f} ml of infection."

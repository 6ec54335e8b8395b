"""Say what to stitch: a severity, a tissue to paint, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from covseg_core.errors import UsageError
from covseg_core.inference.config import StitchSettings
from covseg_core.inference.imagined import TISSUES
from napari_covseg._screen.form import SettingsForm
from napari_covseg.widgets._folded import Fold

if TYPE_CHECKING:
    from covseg_core.labels import LabelClass

__all__ = ["StitchControls"]

_SHORT = {"ggo": "Ground glass", "consolidation": "Consol.", "healthy": "Healthy"}
_STEPS = 20
"""Steps of the slider between none, as it is, and most."""
_SEVERITY = (
    "Less disease to the left, down to none; more to the right: opacity grows around "
    "the lesions that the model finds. Arrow keys move it by a step."
)
_PAINT = (
    "Paint on the scan and see at once how that tissue would look there. Your mask of "
    "the patient stays as it is."
)
_CLEAR = "Remove all that was painted here; the severity stays."


class StitchControls(QWidget):
    """Slider of severity, buttons to paint with, and options.

    Attributes
    ----------
    varied : Signal
        Sends the severity, in [0, 2].
    painted : Signal
        Sends whether the reader wants to paint.
    tissue_chosen : Signal
        Sends the value of a `labels.Tissue`.
    cleared : Signal
        Sent when the paint shall go.
    settled : Signal
        Sends the `StitchSettings`.
    """

    varied = Signal(float)
    painted = Signal(bool)
    tissue_chosen = Signal(int)
    cleared = Signal()
    settled = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 2 * _STEPS)
        self.slider.setPageStep(_STEPS // 4)
        self.slider.setTickInterval(_STEPS)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setToolTip(_SEVERITY)
        self.slider.setAccessibleName("Severity")
        self.paint = QPushButton("Paint a lesion")
        self.paint.setObjectName("toggle")
        self.paint.setCheckable(True)
        self.paint.setToolTip(_PAINT)
        self.clear = QPushButton("Clear")
        self.clear.setToolTip(_CLEAR)
        self.tissues = QButtonGroup(self)
        self.form = SettingsForm(StitchSettings)
        self._lay_out()
        self._connect()
        self.slider.setValue(_STEPS)
        self._show_words()

    @property
    def severity(self) -> float:
        """In [0, 2]; 1 is as it is."""
        return self.slider.value() / _STEPS

    def reset(self) -> None:
        """Begin anew: as it is, and no brush in hand."""
        self.slider.setValue(_STEPS)
        self.paint.setChecked(False)

    def _lay_out(self) -> None:
        ends = QGridLayout()
        ends.addWidget(self.words, 0, 0, 1, 3)
        ends.addWidget(self.slider, 1, 0, 1, 3)
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter)
        places = (*sides, Qt.AlignmentFlag.AlignRight)
        for column, text in enumerate(("none", "as it is", "most")):
            label = QLabel(text)
            label.setObjectName("faint")
            ends.addWidget(label, 2, column, places[column])
            ends.setColumnStretch(column, 1)
        brush = QHBoxLayout()
        brush.addWidget(self.paint, 1)
        brush.addWidget(self.clear)
        choice = QHBoxLayout()
        for label_class in TISSUES.classes:
            choice.addWidget(self._tissue_button(label_class), 1)
        column_of = QVBoxLayout(self)
        column_of.setContentsMargins(0, 0, 0, 0)
        for row in (ends, brush, choice):
            column_of.addLayout(row)
        column_of.addWidget(Fold("How it is stitched", self.form))

    def _tissue_button(self, tissue: LabelClass) -> QPushButton:
        red, green, blue = (round(255 * part) for part in tissue.colour)
        button = QPushButton(_SHORT[tissue.key])
        button.setCheckable(True)
        button.setToolTip(f"Paint with {tissue.title.lower()}.")
        button.setStyleSheet(
            f"QPushButton {{ border-left: 6px solid rgb({red}, {green}, {blue}); }}"
            f"QPushButton:checked {{ background: rgba({red}, {green}, {blue}, 120); }}"
        )
        self.tissues.addButton(button, tissue.value)
        button.setChecked(tissue is TISSUES.classes[0])
        return button

    def _connect(self) -> None:
        self.slider.valueChanged.connect(self._on_slider)
        self.paint.toggled.connect(self.painted)
        self.clear.clicked.connect(self.cleared)
        self.tissues.idClicked.connect(self._on_tissue)
        for box in self.form.findChildren(QDoubleSpinBox):
            box.valueChanged.connect(self._on_settings)
        for box in self.form.findChildren(QCheckBox):
            box.toggled.connect(self._on_settings)

    def _on_slider(self) -> None:
        self._show_words()
        self.varied.emit(self.severity)

    def _on_tissue(self, value: int) -> None:
        self.tissue_chosen.emit(value)
        self.paint.setChecked(True)

    def _on_settings(self, value: object) -> None:
        try:
            self.settled.emit(self.form.read())
        except UsageError:
            # A number that is half typed is no wish yet.
            return

    def _show_words(self) -> None:
        severity = self.severity
        told = "less than now" if severity < 1 else "more than now"
        self.words.setText(
            f"Severity {severity:.2f}: {'as it is' if severity == 1 else told}"
        )

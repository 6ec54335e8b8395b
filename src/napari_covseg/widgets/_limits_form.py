"""What the tools of the hand must leave alone, as the reader chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QVBoxLayout, QWidget

from covseg_core.editing.config import PaintLimits
from covseg_core.errors import UsageError
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._screen.form import SettingsForm
from napari_covseg._tools.limits import PaintGuard
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from napari_covseg._session.session import Session

__all__ = ["LimitsForm"]

_NO_LUNGS = (
    "The lungs of this scan are not known yet, so painting is not limited to them; "
    "find them in the step Severity."
)
_NO_HU = "This scan has no Hounsfield units, so density limits nothing."


class LimitsForm(QWidget):
    """A form of `PaintLimits`, and the guard that holds to it.

    Parameters
    ----------
    session : Session
        Knows whether there are lungs and densities.
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.guard = PaintGuard(session, self)
        self.form = SettingsForm(PaintLimits)
        self.note = wrapped_label("warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addWidget(self.note)
        for box in self.form.findChildren(QCheckBox):
            box.toggled.connect(self._read)
        for number in self.form.findChildren(QDoubleSpinBox):
            number.setDecimals(0)
            number.setSingleStep(10)
            number.valueChanged.connect(self._read)
        session.lungs_changed.connect(self._read)
        session.scan_changed.connect(self._read)
        self._read()

    def _read(self, value: Any = None) -> None:
        try:
            limits = self.form.read()
        except UsageError as error:
            self._say(str(error))
            return
        self.guard.limits = limits
        for name in ("lowest_density", "highest_density"):
            self.form.control(name).setEnabled(limits.only_at_density)
        lacks = [
            sentence
            for sentence, lacking in (
                (_NO_LUNGS, limits.only_in_lungs and self._session.lungs is None),
                (_NO_HU, limits.only_at_density and not self._has_hu()),
            )
            if lacking
        ]
        self._say(" ".join(lacks))

    def _has_hu(self) -> bool:
        scan = self._session.scan
        facts = facts_of(scan.metadata) if scan is not None else None
        return isinstance(facts, CTFacts) and facts.is_hu

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

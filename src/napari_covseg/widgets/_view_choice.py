"""Choose how the synthetic images are shown: side by side, or one on the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ViewChoice"]


class ViewChoice(QWidget):
    """Two buttons, and the image that is stacked on the scan.

    Parameters
    ----------
    names : sequence of str
        Of the images.
    parent : QWidget, optional
        Owner.

    Attributes
    ----------
    changed : Signal
        Sent when another way or image was chosen.
    """

    changed = Signal()

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = ("", *names)
        self.beside = _toggle(
            "Side by side",
            "Show the scan and every synthetic image beside each other, the same slice "
            "in the same window.",
        )
        self.stacked = _toggle(
            "Stacked", "Show one image in the place of the scan, to switch to and fro."
        )
        self.shown = QComboBox()
        self.shown.addItems(["the scan itself", *names])
        self.shown.setToolTip("Which image is stacked; ↑ and ↓ switch.")
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.beside, self.stacked):
            group.addButton(button)
            row.addWidget(button)
        row.addWidget(self.shown, 1)
        self.beside.setChecked(True)
        self.shown.setEnabled(False)
        group.buttonClicked.connect(self._on_button)
        self.shown.currentIndexChanged.connect(self.changed)

    @property
    def is_stacked(self) -> bool:
        """Whether one image is shown in the place of the scan."""
        return self.stacked.isChecked()

    @property
    def chosen(self) -> str:
        """Name of the image to stack; empty for the scan itself."""
        return self._names[self.shown.currentIndex()]

    def choose(self, name: str) -> None:
        """Stack another image."""
        self.shown.setCurrentIndex(self._names.index(name))

    def _on_button(self) -> None:
        self.shown.setEnabled(self.is_stacked)
        self.changed.emit()


def _toggle(caption: str, tip: str) -> QPushButton:
    button = QPushButton(caption)
    button.setObjectName("toggle")
    button.setCheckable(True)
    button.setToolTip(tip)
    return button

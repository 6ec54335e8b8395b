"""A part of a widget that is folded away until it is asked for."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

__all__ = ["Fold"]

_CLOSED, _OPEN = "▸", "▾"
_HINT_MARGIN_PX = 4


class Fold(QWidget):
    """A title, and below it something that can be hidden.

    Parameters
    ----------
    title : str
        Shown beside an arrow; a click unfolds.
    content : QWidget
        What is folded.
    hint : str
        Stands at the right of the title, such as a shortcut.

    Attributes
    ----------
    toggled : Signal
        Sends whether it is open now.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, hint: str = "") -> None:
        super().__init__()
        self._title = title
        self.content = content
        self.button = QPushButton()
        self.button.setObjectName("fold")
        self.button.setToolTip("Show or hide what is below.")
        self.button.setCheckable(True)
        self.button.toggled.connect(self._show)
        if hint:
            _add_hint(self.button, hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button)
        column.addWidget(content)
        self._show(False)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return bool(self.button.isChecked())

    def unfold(self) -> None:
        """Show the content."""
        self.button.setChecked(True)

    def fold(self) -> None:
        """Hide the content."""
        self.button.setChecked(False)

    def _show(self, is_open: bool) -> None:
        self.button.setText(f"{_OPEN if is_open else _CLOSED}  {self._title}")
        self.content.setVisible(is_open)
        self.toggled.emit(is_open)


def _add_hint(button: QPushButton, hint: str) -> None:
    label = QLabel(hint)
    label.setObjectName("faint")
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    row = QHBoxLayout(button)
    row.setContentsMargins(0, 0, _HINT_MARGIN_PX, 0)
    row.addStretch()
    row.addWidget(label)

"""Fill a gap between slices, or copy a neighbouring slice, with one key each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from covseg_core.editing.config import CopySlice, FillBetween
from covseg_core.editing.tools import COPY_FROM_SLICE, FILL_BETWEEN
from napari_covseg.widgets._buttons import key_button

if TYPE_CHECKING:
    from collections.abc import Callable

    from covseg_core.editing.tools import Tool
    from covseg_core.settings import Settings

__all__ = ["SliceTools"]

_BELOW, _ABOVE = CopySlice(source="slice below"), CopySlice(source="slice above")


class SliceTools(QWidget):
    """Runs the tools for the shown slice as they are most often wanted.

    Parameters
    ----------
    run : callable
        Runs a tool with its settings.
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(
        self, run: Callable[[Tool, Settings], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._run = run
        self.gap_button = key_button("between")
        self.below_button = key_button("copy_below")
        self.above_button = key_button("copy_above")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for button in (self.gap_button, self.below_button, self.above_button):
            column.addWidget(button)
        self.gap_button.clicked.connect(lambda: self.fill_gap())
        self.below_button.clicked.connect(lambda: self.copy_below())
        self.above_button.clicked.connect(lambda: self.copy_above())

    def fill_gap(self) -> None:
        """Fill the slices between the painted ones around the shown slice."""
        self._run(FILL_BETWEEN, FillBetween())

    def copy_below(self) -> None:
        """Paint on the shown slice what the slice below has."""
        self._run(COPY_FROM_SLICE, _BELOW)

    def copy_above(self) -> None:
        """Paint on the shown slice what the slice above has."""
        self._run(COPY_FROM_SLICE, _ABOVE)

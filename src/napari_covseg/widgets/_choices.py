"""A box of choices, some of which are not possible now, and say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QWidget

from napari_covseg._screen.rows import shrink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Choices"]


class Choices(QComboBox):
    """Offers choices by name.

    Parameters
    ----------
    choices : iterable of (str, str, str)
        Name, title on screen, and a sentence about each.
    tooltip : str
        What is chosen.
    parent : QWidget, optional
        Owner of the box.
    """

    def __init__(
        self,
        choices: Iterable[tuple[str, str, str]],
        tooltip: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        for name, title, words in choices:
            self.addItem(title, name)
            self._words.append(words)
        self.setToolTip(tooltip)
        shrink(self)
        self.forbid({})

    @property
    def chosen(self) -> str:
        """Name of the choice."""
        return str(self.currentData())

    @property
    def words(self) -> str:
        """The sentence about it."""
        return self._words[self.currentIndex()]

    def choose(self, name: str) -> None:
        """Take a choice by its name."""
        self.setCurrentIndex(self.findData(name))

    def forbid(self, reasons: Mapping[str, str]) -> None:
        """Say which choices are not possible, by name, and why.

        A forbidden choice that was taken gives way to the first that is possible.
        """
        allowed = []
        for index in range(self.count()):
            reason = reasons.get(str(self.itemData(index)), "")
            tip = reason or self._words[index]
            self.model().item(index).setEnabled(not reason)
            self.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
            allowed += [] if reason else [index]
        if allowed and self.currentIndex() not in allowed:
            self.setCurrentIndex(allowed[0])

"""Which cases are listed, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from covseg_core.cases.record import SPLITS, STATES
from covseg_core.cases.worklist import CaseFilter, Order
from napari_covseg._screen.rows import shrink

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covseg_core.cases.record import CaseRecord

__all__ = ["CaseFilterBar"]

_ORDERS: tuple[tuple[str, Order], ...] = (
    ("By name", "order"),
    ("Least certain", "uncertainty"),
    ("By state", "state"),
)
_ANY_COLLECTION = "Any collection"
_MASKS = (("Any mask", None), ("With a mask", True), ("Without a mask", False))


class CaseFilterBar(QWidget):
    """Boxes for order, state, split, mask, collection and one's own cases.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the bar.

    Attributes
    ----------
    changed : Signal
        Sent when another list is wanted.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.order = _box(_ORDERS, "The order of the list, and of Next.")
        self.state = _box(_choices("state", STATES), "Only cases in this state.")
        self.split = _box(_choices("split", SPLITS), "Only cases of this split.")
        self.mask = _box(_MASKS, "Only cases with a mask, or without one.")
        self.collection = _box(
            ((_ANY_COLLECTION, None),), "Only cases of this collection."
        )
        self.mine = QCheckBox("Mine")
        self.mine.setToolTip(
            "Only cases with a mask saved in your role; a store keeps no names."
        )
        self.mine.toggled.connect(self.changed)
        self.collection.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        places = (self.order, self.state, self.split, self.mask)
        for place, box in enumerate((*places, self.collection, self.mine)):
            grid.addWidget(box, place // 2, place % 2)
        for box in (*places, self.collection):
            box.currentIndexChanged.connect(self.changed)

    @property
    def chosen_order(self) -> Order:
        """The chosen order."""
        order: Order = self.order.currentData()
        return order

    def wanted(self, role: str) -> CaseFilter:
        """Give the filter as it is set; `role` is what counts as mine."""
        return CaseFilter(
            state=self.state.currentData(),
            split=self.split.currentData(),
            collection=self.collection.currentData(),
            has_mask=self.mask.currentData(),
            role=role if self.mine.isChecked() else None,
        )

    def offer_collections(self, records: Iterable[CaseRecord]) -> None:
        """List the collections that there are; the box hides without any."""
        names = sorted({record.collection for record in records} - {""})
        chosen = self.collection.currentData()
        self.collection.blockSignals(True)
        self.collection.clear()
        for text, value in ((_ANY_COLLECTION, None), *((name, name) for name in names)):
            self.collection.addItem(text, value)
        self.collection.setCurrentIndex(max(0, self.collection.findData(chosen)))
        self.collection.blockSignals(False)
        self.collection.setVisible(bool(names))


def _choices(what: str, values: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    each = ((value.capitalize(), value) for value in values)
    return ((f"Any {what}", None), *each)


def _box(choices: Iterable[tuple[str, Any]], tooltip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tooltip)
    shrink(box, letters=6)
    for text, value in choices:
        box.addItem(text, value)
    return box

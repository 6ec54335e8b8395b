"""A box to choose which mask of a scan is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QWidget

from napari_covseg._screen.rows import shrink

if TYPE_CHECKING:
    from napari.layers import Labels

__all__ = ["MaskPicker"]

_NONE = "choose a mask …"


class MaskPicker(QComboBox):
    """Lists the masks of infection of a scan; none is chosen at first.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the box.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[Labels, ...] = ()
        shrink(self)
        self.setToolTip(
            "The mask to correct, measure and export. Masks that do not lie on the "
            "scan are not listed."
        )

    @property
    def layer(self) -> Labels | None:
        """The chosen layer; None when none is chosen."""
        index = self.currentIndex() - 1
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def show_masks(self, masks: tuple[Labels, ...], edited: Labels | None) -> None:
        """List masks, the edited one chosen; sends no signal."""
        self._layers = masks
        self.blockSignals(True)
        self.clear()
        self.addItems([_NONE, *(layer.name for layer in masks)])
        if edited in masks:
            self.setCurrentIndex(masks.index(edited) + 1)
        self.blockSignals(False)

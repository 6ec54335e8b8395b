"""A box to choose which mask of a scan is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtWidgets import QComboBox, QWidget

from covseg_core.labels import LUNGS
from napari_covseg._convert import MaskFacts, facts_of, lies_on
from napari_covseg._screen.rows import shrink

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

__all__ = ["MaskPicker"]

_NONE = "choose a mask …"


class MaskPicker(QComboBox):
    """Lists the masks of infection that lie on a scan; none is chosen at first.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are listed.
    parent : QWidget, optional
        Owner of the box.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layers: list[Labels] = []
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

    def show_masks(self, scan: Image | None, edited: Labels | None) -> None:
        """List the masks on a scan, the edited one chosen; sends no signal."""
        self._layers = [one for one in self._viewer.layers if _is_offered(one, scan)]
        self.blockSignals(True)
        self.clear()
        self.addItems([_NONE, *(layer.name for layer in self._layers)])
        if edited in self._layers:
            self.setCurrentIndex(self._layers.index(edited) + 1)
        self.blockSignals(False)


def _is_offered(layer: Layer, scan: Image | None) -> bool:
    facts = facts_of(layer.metadata)
    return (
        isinstance(layer, Labels)
        and isinstance(facts, MaskFacts)
        and facts.label_set.name != LUNGS.name
        and lies_on(layer, scan)
    )

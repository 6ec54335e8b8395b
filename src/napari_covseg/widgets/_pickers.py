"""Boxes to choose a scan and a model from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtWidgets import QComboBox, QWidget

from covseg_core.errors import ModelRefusedError
from covseg_core.registry.promotion import OUTLINES, promoted
from covseg_core.registry.store import DEFAULT_MODEL, ModelEntry, list_models
from covseg_core.transforms.orient import Orientation
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._screen.rows import shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.viewer import Viewer

    from covseg_core.registry.card import ModelCard

__all__ = ["ModelPicker", "ScanPicker", "promoted_name"]


class ScanPicker(QComboBox):
    """Lists the CT layers that CovSeg opened.

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
        self._layers: list[Image] = []
        shrink(self)
        self.setToolTip(
            "The chest CT to work on. Scans opened by other plugins are not listed: "
            "their orientation and units are unknown. Nor are synthetic ones, as no "
            "scanner measured them."
        )
        self.refresh()

    @property
    def layer(self) -> Image | None:
        """The chosen layer; None when there is none."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def refresh(self) -> None:
        """List the layers anew; a chosen one stays chosen, a new one is taken."""
        kept, known = self.layer, self._layers
        self._layers = [layer for layer in self._viewer.layers if _is_ct(layer)]
        fresh = [layer for layer in self._layers if layer not in known]
        self.blockSignals(True)
        self.clear()
        self.addItems([layer.name for layer in self._layers])
        self.blockSignals(False)
        wanted = fresh[-1] if fresh else kept
        if wanted in self._layers:
            self.setCurrentIndex(self._layers.index(wanted))
        self.currentIndexChanged.emit(self.currentIndex())


class ModelPicker(QComboBox):
    """Lists models, the promoted one chosen if it is among them.

    Parameters
    ----------
    fits : callable
        Says of a card whether the model is listed; those that outline infection,
        if not given.
    parent : QWidget, optional
        Owner of the box.
    """

    def __init__(
        self,
        fits: Callable[[ModelCard], bool] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fits = fits or _outlines
        self._entries: tuple[ModelEntry, ...] = ()
        shrink(self)
        self.setToolTip("The model that outlines infection.")
        self.refresh()

    @property
    def entry(self) -> ModelEntry | None:
        """The chosen model; None when there is none."""
        index = self.currentIndex()
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def refresh(self) -> None:
        """List the models anew; the chosen one stays, or gives way to the promoted."""
        wanted = self.entry.card.name if self.entry else promoted_name()
        self._entries = tuple(each for each in list_models() if self._fits(each.card))
        names = [entry.card.name for entry in self._entries]
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.blockSignals(False)
        for name in (wanted, promoted_name()):
            if name in names:
                self.setCurrentIndex(names.index(name))
                break
        self.currentIndexChanged.emit(self.currentIndex())


def promoted_name() -> str:
    """Name the promoted model; a box is no place to complain about its history."""
    try:
        return promoted()
    except ModelRefusedError:
        return DEFAULT_MODEL


def _outlines(card: ModelCard) -> bool:
    return card.label_set in OUTLINES and not card.pretext


def _is_ct(layer: object) -> bool:
    if not isinstance(layer, Image):
        return False
    facts = facts_of(layer.metadata)
    if not isinstance(facts, CTFacts) or facts.source.is_synthetic:
        return False
    # napari gives a projection the metadata of the scan that it is made of.
    return layer.data.shape == Orientation(facts.grid).standard_grid.shape

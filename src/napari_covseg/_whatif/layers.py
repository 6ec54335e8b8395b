"""The synthetic layers of a what-if, each marked as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from covseg_core.inference.imagined import RECONSTRUCTION, TISSUES
from covseg_core.labels import Tissue
from covseg_core.volume import SYNTHETIC, SYNTHETIC_NOTE, Source
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._layer_styles import MaskStyle, place_like
from napari_covseg._screen.overlay_text import set_banner
from napari_covseg._session.boxed import BoxedImage

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer
    from napari.viewer import Viewer

    from covseg_core.inference.imagined import WhatIf

__all__ = ["BANNER", "NAMES", "STITCHED", "WhatIfLayers"]

BANNER = f"{SYNTHETIC} – made by a model, not measured"
STITCHED = "stitched"
_STYLES = {
    Tissue.HEALTHY: "healthy",
    Tissue.GGO: "ground glass",
    Tissue.CONSOLIDATION: "consolidation",
    RECONSTRUCTION: "model's view",
}
NAMES = (*_STYLES.values(), STITCHED)
"""What the synthetic images are called, from bottom to top."""
_PAINT = "Paint here (what-if)"
_LINKED = ("contrast_limits", "gamma")
_PAINT_OPACITY = 0.25
_BRUSH_PX = 12


class WhatIfLayers(QObject):
    """Makes the layers of a what-if and tells while one of them is seen.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the layers.
    scan : Image
        The CT that was imagined.
    whatif : WhatIf
        In the standard orientation.
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    seen : Signal
        Sends whether a synthetic layer is visible, when that changes.
    lost : Signal
        Sent when the user has removed one of the layers.
    """

    seen = Signal(bool)
    lost = Signal()

    def __init__(
        self, viewer: Viewer, scan: Image, whatif: WhatIf, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer, self._scan = viewer, scan
        self._is_seen = False
        self.images: dict[str, Image] = {}
        for index, name in _STYLES.items():
            data = BoxedImage(scan.data, whatif.images_hu[index], whatif.box.as_index)
            self._add_image(name, data)
        self._add_image(STITCHED, np.array(scan.data, np.float32))
        self.paint = self._add_paint()
        viewer.layers.link_layers([scan, *self.images.values()], _LINKED)
        for layer in self.images.values():
            layer.events.visible.connect(self._tell)
        viewer.layers.events.removed.connect(self._on_removed)
        self._tell()

    @property
    def all(self) -> tuple[Layer, ...]:
        """Every layer that was made, from bottom to top."""
        return (*self.images.values(), self.paint)

    @property
    def stitched(self) -> Image:
        """The scan as it is painted and varied."""
        return self.images[STITCHED]

    def clear_paint(self) -> None:
        """Remove all that was painted."""
        self.paint.data = np.zeros_like(self.paint.data)

    def remove(self) -> None:
        """Take all layers away."""
        viewer = self._viewer
        viewer.layers.events.removed.disconnect(self._on_removed)
        present = [layer for layer in self.images.values() if layer in viewer.layers]
        if present and self._scan in viewer.layers:
            viewer.layers.unlink_layers([self._scan, *present], _LINKED)
        for layer in self.all:
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        self._show_banner(is_seen=False)

    def _add_image(self, name: str, data: Any) -> None:
        scan = self._scan
        self.images[name] = self._viewer.add_image(
            data,
            name=f"{SYNTHETIC} {name}",
            colormap=scan.colormap.name,
            contrast_limits=scan.contrast_limits,
            interpolation2d=scan.interpolation2d,
            rgb=False,
            multiscale=False,
            visible=False,
            metadata={"covseg": self._facts()},
            **place_like(self._scan),
        )

    def _add_paint(self) -> Labels:
        paint: Labels = self._viewer.add_labels(
            np.zeros(self._scan.data.shape, np.uint8),
            name=_PAINT,
            visible=False,
            **MaskStyle(TISSUES, opacity=_PAINT_OPACITY).as_kwargs(),
            **place_like(self._scan),
        )
        paint.brush_size = _BRUSH_PX
        paint.selected_label = int(Tissue.GGO)
        return paint

    def _facts(self) -> CTFacts:
        facts = facts_of(self._scan.metadata)
        if not isinstance(facts, CTFacts):
            raise TypeError("a what-if needs a scan that CovSeg has opened.")
        source = Source(notes=(SYNTHETIC_NOTE,), is_synthetic=True)
        return CTFacts(facts.grid, source=source)

    def _tell(self, event: Any = None) -> None:
        layers = self._viewer.layers
        images = self.images.values()
        self._show_banner(
            is_seen=any(each.visible for each in images if each in layers)
        )

    def _show_banner(self, *, is_seen: bool) -> None:
        if is_seen != self._is_seen:
            self._is_seen = is_seen
            set_banner(self._viewer, BANNER if is_seen else "")
            self.seen.emit(is_seen)

    def _on_removed(self, event: Any) -> None:
        if event.value in self.all or event.value is self._scan:
            self.lost.emit()

"""Show on the scan what a tool would change, before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from covseg_core.editing.tools import ADDED, CHANGED, REMOVED
from napari_covseg._layer_styles import place_like
from napari_covseg._screen.removal import remove_soon

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Labels
    from napari.viewer import Viewer

    from covseg_core.editing.change import Box

__all__ = ["Preview", "hatched", "legend"]

# Okabe and Ito's, and none of the classes'.
_COLOURS = {
    ADDED: (0.337, 0.706, 0.914),
    REMOVED: (0.941, 0.894, 0.259),
    CHANGED: (0.800, 0.475, 0.655),
}
_WORDS = {ADDED: "blue added", REMOVED: "yellow removed", CHANGED: "pink changed"}

_FAINT_STRIPE = 3
"""Added to a kind of change where the hatching is faint."""
_STRONG, _FAINT = 0.95, 0.4
_STRIPE = 2


def hatched(difference: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Draw stripes over what would change, so that no mask looks like it.

    Parameters
    ----------
    difference : ndarray of uint8, shape (Z, Y, X)
        `ADDED`, `REMOVED`, `CHANGED` or 0.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X)
        Every second stripe has another value, for a fainter colour.
    """
    rows, columns = np.ogrid[: difference.shape[1], : difference.shape[2]]
    is_faint = ((rows + columns) // _STRIPE) % 2
    added = (is_faint * _FAINT_STRIPE).astype(np.uint8)
    return np.where(difference > 0, difference + added, np.uint8(0))


def legend(difference: npt.NDArray[np.uint8]) -> str:
    """Say what the colours of a difference mean, such as ``blue added``."""
    found = np.bincount(difference.ravel(), minlength=CHANGED + 1)
    return ", ".join(word for kind, word in _WORDS.items() if found[kind])


class Preview:
    """A layer over a mask that shows what would change; at most one at a time.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the layer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Labels | None = None

    @property
    def is_shown(self) -> bool:
        """Whether there is something to see."""
        return self._layer is not None and self._layer in self._viewer.layers

    def show(
        self, picture: npt.NDArray[np.uint8], box: Box, mask: Labels, title: str
    ) -> None:
        """Show a `hatched` picture of the part `box` of a mask.

        The mask stays the active layer, so that its keys work.
        """
        self.clear()
        corner = [
            start + side.start * step
            for start, side, step in zip(mask.translate, box, mask.scale, strict=True)
        ]
        self._layer = self._viewer.add_labels(
            picture,
            name=f"Preview: {title}",
            **place_like(mask) | {"translate": corner},
            colormap=_colours(),
            opacity=1.0,
        )
        self._layer.editable = False
        self._viewer.layers.selection.active = mask

    def clear(self) -> None:
        """Remove the layer."""
        if self._layer is not None:
            remove_soon(self._viewer, self._layer)
        self._layer = None


def _colours() -> DirectLabelColormap:
    colours: dict[int | None, tuple[float, ...]] = {None: (0,) * 4, 0: (0,) * 4}
    for kind, colour in _COLOURS.items():
        colours[kind] = (*colour, _STRONG)
        colours[kind + _FAINT_STRIPE] = (*colour, _FAINT)
    return DirectLabelColormap(color_dict=colours)

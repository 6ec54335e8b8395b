"""How layers look: a CT in the lung window, classes in fixed colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.colormaps import DirectLabelColormap

from covseg_core.labels import UNKNOWN_CLASS

if TYPE_CHECKING:
    from napari.layers import Layer

    from covseg_core.labels import LabelSet

__all__ = ["GREY_LEVELS", "LUNG_WINDOW_HU", "CTStyle", "MaskStyle", "place_like"]

LUNG_WINDOW_HU = (-1350.0, 150.0)
"""Black and white of the lung window: width 1500, centre -600."""
GREY_LEVELS = (0.0, 255.0)
"""Black and white of an 8-bit picture, which was windowed before."""

_CLEAR = (0.0, 0.0, 0.0, 0.0)
_GREY = (0.6, 0.6, 0.6, 1.0)


@dataclass(frozen=True)
class CTStyle:
    """How a CT is shown.

    Parameters
    ----------
    is_hu : bool
        Whether the voxels are Hounsfield units or grey levels.
    """

    is_hu: bool = True
    colormap: str = "gray"
    interpolation: str = "linear"

    def as_kwargs(self) -> dict[str, Any]:
        """Give the arguments of an Image layer."""
        return {
            "colormap": self.colormap,
            "contrast_limits": LUNG_WINDOW_HU if self.is_hu else GREY_LEVELS,
            "interpolation2d": self.interpolation,
        }


@dataclass(frozen=True)
class MaskStyle:
    """How a mask is shown.

    Parameters
    ----------
    label_set : LabelSet
        Names and colours of the classes.
    opacity : float
        0 clear to 1 solid; lung texture must shine through.
    """

    label_set: LabelSet
    opacity: float = 0.45

    def as_kwargs(self) -> dict[str, Any]:
        """Give the arguments of a Labels layer."""
        return {
            "colormap": self.colormap,
            "features": {"index": list(self._names), "class": [*self._names.values()]},
            "opacity": self.opacity,
        }

    @property
    def colormap(self) -> DirectLabelColormap:
        """Colour of each class; what is no class is grey."""
        colours: dict[int | None, tuple[float, ...]] = {None: _GREY, 0: _CLEAR}
        for label in self.label_set.classes:
            colours[label.value] = (*label.colour, 1.0)
        return DirectLabelColormap(color_dict=colours)

    @property
    def _names(self) -> dict[int, str]:
        titles = {label.value: label.title for label in self.label_set.classes}
        return {0: "Background", **titles, UNKNOWN_CLASS: "Infected, class unknown"}


def place_like(layer: Layer) -> dict[str, Any]:
    """Give the arguments that lay a new layer voxel on voxel over another."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }

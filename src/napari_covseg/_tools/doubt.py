"""Show where a model is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils.colormaps import Colormap, ensure_colormap
from qtpy.QtCore import QObject

from napari_covseg._layer_styles import place_like
from napari_covseg._screen.once import once
from napari_covseg._screen.temporary import TemporaryLayer

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Image

    from napari_covseg._convert import LayerTuple
    from napari_covseg._session.session import Session

__all__ = ["DOUBT_LAYER", "DoubtLayer", "doubt_picture"]

DOUBT_LAYER = "Model's uncertainty"
_FULL = 255


def doubt_picture(entropy: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Make 0 to 255 of 0 to 1: a quarter of the memory, and finer than one can see."""
    return np.asarray(np.round(entropy * _FULL), np.uint8)


class DoubtLayer(QObject):
    """Shows the uncertainty of the scan in front, and never that of another.

    Parameters
    ----------
    session : Session
        Owns this object.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._shown = TemporaryLayer(session.viewer)
        # Not at once, as napari may be removing layers, and must get none meanwhile.
        self._showing = once(self, self._show)
        session.doubt_changed.connect(self._showing.start)

    @classmethod
    def of(cls, session: Session) -> DoubtLayer:
        """Give the one of a session; a second dock goes on with the layer."""
        return session.findChild(cls) or cls(session)

    def _show(self) -> None:
        scan, picture = self._session.scan, self._session.doubt_picture
        if scan is None or picture is None:
            self._shown.remove()
        else:
            self._shown.show(_lay_over(scan, picture))


def _lay_over(scan: Image, picture: npt.NDArray[np.uint8]) -> LayerTuple:
    arguments = {
        "name": DOUBT_LAYER,
        "colormap": _from_clear("plasma"),
        "contrast_limits": (0, _FULL),
        "blending": "translucent_no_depth",
        "opacity": 0.7,
        **place_like(scan),
    }
    return picture, arguments, "image"


def _from_clear(name: str) -> Colormap:
    """Make a colour map whose low end is clear, so that what is sure stays visible."""
    colours = ensure_colormap(name).colors.copy()
    colours[:, 3] = np.linspace(0, 1, len(colours))
    return Colormap(colours, name=f"clear to {name}")

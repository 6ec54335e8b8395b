"""Show where a model is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_covseg._session.session import Session

__all__ = ["DOUBT_LAYER", "doubt_picture", "show_doubt"]

DOUBT_LAYER = "Model's uncertainty"
_FULL = 255


def doubt_picture(entropy: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Make 0 to 255 of 0 to 1: a quarter of the memory, and finer than one can see."""
    return np.asarray(np.round(entropy * _FULL), np.uint8)


def show_doubt(session: Session, picture: npt.NDArray[Any]) -> None:
    """Lay the uncertainty over the scan, in place of an earlier one.

    Parameters
    ----------
    session : Session
        Whose scan it is of.
    picture : ndarray of uint8, shape (Z, Y, X)
        From `doubt_picture`, in the standard orientation.
    """
    scan, layers = session.scan, session.viewer.layers
    if scan is None:
        return
    in_hand = layers.selection.active
    if DOUBT_LAYER in layers:
        layers.remove(DOUBT_LAYER)
    session.viewer.add_image(
        picture,
        name=DOUBT_LAYER,
        colormap="inferno",
        contrast_limits=(0, _FULL),
        blending="additive",
        opacity=0.7,
        scale=scan.scale,
        translate=scan.translate,
        units=scan.units,
        axis_labels=scan.axis_labels,
    )
    # napari selects a new layer, and the brush would be gone.
    if in_hand in layers:
        layers.selection.active = in_hand

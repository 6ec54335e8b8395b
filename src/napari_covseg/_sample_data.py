"""Sample scans, computed and so free of any patient's data."""

from __future__ import annotations

from covseg_core.phantom import PhantomSettings, make_phantom
from napari_covseg._convert import LayerTuple, ct_layer, mask_layer

__all__ = ["open_healthy_phantom", "open_phantom"]


def open_phantom() -> list[LayerTuple]:
    """Make a chest CT with infection, and its true mask, hidden."""
    phantom = make_phantom(PhantomSettings())
    data, arguments, kind = mask_layer(phantom.lesions, "Truth (phantom)")
    truth = data, arguments | {"visible": False}, kind
    return [ct_layer(phantom.ct, "CT (phantom)"), truth]


def open_healthy_phantom() -> list[LayerTuple]:
    """Make a chest CT of healthy lungs."""
    phantom = make_phantom(PhantomSettings(healthy=True))
    return [ct_layer(phantom.ct, "CT (healthy phantom)")]

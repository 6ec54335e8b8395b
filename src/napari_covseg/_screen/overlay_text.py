"""What stands in the corner of the picture: slice, window, HU, and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_covseg._screen.style import WARNING

if TYPE_CHECKING:
    from napari.viewer import Viewer

__all__ = ["set_banner", "set_facts"]

_FONT_PT = 9
_banners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_facts: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def set_banner(viewer: Viewer, text: str) -> None:
    """Warn over the picture, or with an empty text no more."""
    _banners[viewer] = text
    _show(viewer)


def set_facts(viewer: Viewer, text: str) -> None:
    """Tell slice, window and HU in the corner of the picture."""
    _facts[viewer] = text
    _show(viewer)


def _overlay_of(viewer: Viewer) -> Any:
    # The text moved to the canvas in napari 0.9.
    if hasattr(viewer, "canvas"):
        return viewer.canvas.overlays.text
    return viewer.text_overlay


def _show(viewer: Viewer) -> None:
    banner, facts = _banners.get(viewer, ""), _facts.get(viewer, "")
    overlay = _overlay_of(viewer)
    overlay.text = "\n".join(part for part in (banner, facts) if part)
    # Without a colour, napari takes one that stands out from its theme.
    overlay.color = WARNING if banner else None
    overlay.font_size = _FONT_PT
    overlay.position = "top_left"
    overlay.visible = bool(overlay.text)

"""The user's preferences, as napari's own dialog keeps them."""

from __future__ import annotations

from typing import Any

from napari.settings import get_plugin_settings

__all__ = ["autosave_seconds", "mask_opacity", "opening_window", "preferred_device"]

_PLUGIN = "napari-covseg"


def opening_window() -> str:
    """Title of the window that a scan opens in; see `_screen.windows.PRESETS`."""
    return str(_read("display", "window", "Lung"))


def mask_opacity() -> float:
    """Opacity of a new mask, 0 clear to 1 solid."""
    return float(_read("display", "mask_opacity", 0.45))


def preferred_device() -> str:
    """Where networks run: ``auto``, ``cpu`` or ``cuda``."""
    return str(_read("work", "device", "auto"))


def autosave_seconds() -> int:
    """How often an unfinished stroke is backed up, in seconds, at most 10."""
    return int(_read("work", "autosave_seconds", 3))


def _read(group: str, name: str, default: Any) -> Any:
    try:
        return getattr(getattr(get_plugin_settings(_PLUGIN), group), name)
    except (KeyError, AttributeError):
        # napari knows no preferences of a plugin that was switched off.
        return default

"""What the plugin remembers from one day to the next, such as the folder of cases.

It lies with the user's models and not in a case store, which others share.
"""

from __future__ import annotations

from qtpy.QtCore import QSettings

from covseg_core.registry.home import models_folder

__all__ = ["remember", "remembered"]

_FILE = "napari.ini"


def remembered(key: str, default: str = "") -> str:
    """Give what was remembered under a key, such as ``cases/store``."""
    return str(_settings().value(key, default))


def remember(key: str, value: str) -> None:
    """Keep a text for the next time."""
    _settings().setValue(key, value)


def _settings() -> QSettings:
    path = models_folder().with_name(_FILE)
    return QSettings(str(path), QSettings.Format.IniFormat)

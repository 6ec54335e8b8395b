"""What the plugin remembers from one day to the next, such as the folder of cases.

It lies with the user's models and not in a case store, which others share.
"""

from __future__ import annotations

from qtpy.QtCore import QSettings

from covseg_core.registry.home import models_folder

__all__ = ["CASES", "EXPORTS", "ROLE", "remember", "remembered"]

CASES = "cases/store"
"""Key of the folder of cases."""
EXPORTS = "export/folder"
"""Key of the folder that masks are written to and read from."""
ROLE = "reader/role"
"""Key of what the reader is, such as a radiologist."""

_FILE = "napari.ini"


def remembered(key: str, default: str = "") -> str:
    """Give what was remembered under a key, such as `CASES`."""
    return str(_settings().value(key, default))


def remember(key: str, value: str) -> None:
    """Keep a text for the next time."""
    _settings().setValue(key, value)


def _settings() -> QSettings:
    path = models_folder().with_name(_FILE)
    return QSettings(str(path), QSettings.Format.IniFormat)

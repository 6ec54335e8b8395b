"""Where covseg keeps the user's own files."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

__all__ = ["models_folder", "pacs_file", "recovery_folder"]


def models_folder() -> Path:
    """Find the user's model folder: ``COVSEG_HOME/models`` or the platform's own."""
    return _home() / "models"


def pacs_file() -> Path:
    """Find the file with the names of PACS: ``COVSEG_HOME/pacs.json`` or there."""
    return _home() / "pacs.json"


def recovery_folder() -> Path:
    """Find the folder of journals: ``COVSEG_HOME/recovery`` or the platform's own."""
    return _home() / "recovery"


def _home() -> Path:
    home = os.environ.get("COVSEG_HOME")
    return Path(home) if home else user_data_path("covseg", appauthor=False)

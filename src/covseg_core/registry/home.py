"""Where the user's models live."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

__all__ = ["models_folder"]


def models_folder() -> Path:
    """Find the user's model folder: ``COVSEG_HOME/models`` or the platform's own."""
    home = os.environ.get("COVSEG_HOME")
    return (
        Path(home) if home else user_data_path("covseg", appauthor=False)
    ) / "models"

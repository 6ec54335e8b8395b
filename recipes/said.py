"""What people say of a bundled model, in ``cards/NAME.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from covseg_core.errors import UsageError

__all__ = ["ANSWERS", "CARDS", "read_answers", "read_said"]

CARDS = Path(__file__).parent / "cards"
WORDS = frozenset({"summary", "limits", "licence", "data", "references", "failures"})
ANSWERS = frozenset({"sure", "mirrored", "through_plane_mm"})
"""Fields of a card that tell how a network's answers become a mask."""


def read_said(name: str, cards: Path = CARDS) -> dict[str, Any]:
    """Read the fields of the card that no training finds out.

    Parameters
    ----------
    name : str
        Of the model.
    cards : Path
        The folder of these files.

    Returns
    -------
    dict
        ``summary``, ``limits``, ``licence``, ``data``, ``references``, ``failures``;
        what of `ANSWERS` is said.

    Raises
    ------
    UsageError
        If the file cannot be read, says too little or what it may not.
    """
    file = cards / f"{name}.toml"
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cards/{file.name} cannot be read: it is to say what is known of the "
            "model; begin with a copy of another one."
        ) from error
    missing, unknown = WORDS - set(said), set(said) - WORDS - ANSWERS
    if missing or unknown:
        raise UsageError(
            f"cards/{file.name} must say {', '.join(sorted(WORDS))}; "
            f"missing: {', '.join(sorted(missing)) or 'none'}; "
            f"not allowed: {', '.join(sorted(unknown)) or 'none'}."
        )
    return said


def read_answers(name: str, cards: Path = CARDS) -> dict[str, Any]:
    """Read how a model is to answer: what of `ANSWERS` is said."""
    if not (cards / f"{name}.toml").is_file():
        return {}
    said = read_said(name, cards)
    return {key: value for key, value in said.items() if key in ANSWERS}

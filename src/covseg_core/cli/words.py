"""Settings as words of the command line, for a program that calls `covseg`."""

from __future__ import annotations

from typing import Any

from covseg_core.settings import Settings

__all__ = ["words_for"]


def words_for(settings: Settings, usual: Settings) -> list[str]:
    """Say what differs from the usual settings.

    Parameters
    ----------
    settings : Settings
        What is wanted.
    usual : Settings
        Of the same class; what `covseg` takes where nothing is said.

    Returns
    -------
    list of str
        Such as ``["--epochs", "5", "--multi-scale"]``.
    """
    words: list[str] = []
    for name in type(settings).model_fields:
        value, common = getattr(settings, name), getattr(usual, name)
        if value != common:
            words += _said(name.replace("_", "-"), value, common)
    return words


def _said(option: str, value: Any, common: Any) -> list[str]:
    if isinstance(value, Settings):
        inner = words_for(value, common)
        return [word.replace("--", f"--{option}.", 1) for word in inner]
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", str(value)]

"""Take single values out of DICOM JSON (PS3.18 F) that may be wrong in any way."""

from __future__ import annotations

import re
from typing import Any

from covseg_core.errors import UsageError
from covseg_core.io.pacs.failures import PacsError

__all__ = ["count", "datasets", "name", "require_uid", "text", "uid"]

_UID = re.compile(r"\d+(\.\d+)*", re.ASCII)
_LONGEST = 200


def datasets(document: Any, host: str) -> tuple[dict[str, Any], ...]:
    """Take the data sets out of an answer, which is a list of them or one alone.

    Raises
    ------
    PacsError
        If it is neither.
    """
    if document is None:
        return ()
    found = [document] if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PacsError(
            f"{host} answered with JSON that is no DICOM. Look whether the address is "
            "that of its DICOMweb service."
        )
    return tuple(found)


def values(dataset: dict[str, Any], tag: str) -> list[Any]:
    """All values of an element, such as the items of a sequence."""
    element = dataset.get(tag)
    found = element.get("Value") if isinstance(element, dict) else None
    return found if isinstance(found, list) else []


def text(dataset: dict[str, Any], tag: str) -> str:
    """First value of an element as one line, empty if there is none."""
    found = values(dataset, tag)
    return "" if not found else _line(found[0])


def name(dataset: dict[str, Any], tag: str) -> str:
    """First value of an element that is a person's name, as one line."""
    found = values(dataset, tag)
    spelled = found[0].get("Alphabetic") if found and isinstance(found[0], dict) else ""
    return _line(spelled)


def count(dataset: dict[str, Any], tag: str) -> int | None:
    """First value of an element as a whole number, or None."""
    word = text(dataset, tag)
    return int(word) if re.fullmatch(r"-?\d{1,9}", word, re.ASCII) else None


def uid(dataset: dict[str, Any], tag: str, host: str) -> str:
    """First value of an element that must be a UID.

    Raises
    ------
    PacsError
        If it is none; a UID becomes part of addresses and must be one.
    """
    found = text(dataset, tag)
    if not _is_uid(found):
        raise PacsError(
            f"{host} tells of something without a proper UID. Tell who runs it."
        )
    return found


def require_uid(word: str, what: str) -> None:
    """Raise `UsageError` unless a word of the user is a UID."""
    if not _is_uid(word):
        raise UsageError(
            f"{what} must be a UID, digits and dots, as `covseg pacs find` shows it."
        )


def _is_uid(word: str) -> bool:
    return len(word) <= 64 and _UID.fullmatch(word) is not None


def _line(value: object) -> str:
    # What a server says is shown on a terminal, which obeys control signs.
    if not isinstance(value, str | int | float):
        return ""
    shown = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(shown.split())[:_LONGEST]

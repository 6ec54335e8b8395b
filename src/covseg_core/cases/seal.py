"""JSON that shows when a byte of it was changed.

A sealed document carries the sha256 of its own content, written without spaces
and with its keys in order.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["digest_of", "require_seal", "seal", "unsealed"]

SEAL = "content_sha256"


def digest_of(document: Mapping[str, Any]) -> str:
    """Hash plain values, whatever their order and layout."""
    canonical = json.dumps(
        document, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def seal(document: Mapping[str, Any]) -> str:
    """Write plain values as JSON together with their hash."""
    sealed = {**document, SEAL: digest_of(document)}
    return json.dumps(sealed, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def unsealed(text: str, what: str) -> tuple[dict[str, Any], str]:
    """Read a sealed document.

    Parameters
    ----------
    text : str
        What `seal` wrote.
    what : str
        How messages call it, such as ``the record of case-0001``.

    Returns
    -------
    tuple of (dict, str)
        The values, and the hash that they came with.

    Raises
    ------
    InputRefusedError
        If it is no JSON document of named values.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputRefusedError(
            f"{what} cannot be read: the document is cut or damaged. "
            "Put it back from a backup."
        ) from error
    if not isinstance(document, dict):
        raise InputRefusedError(
            f"{what} cannot be read: the document has no named values. "
            "Put it back from a backup."
        )
    return document, str(document.pop(SEAL, ""))


def require_seal(document: Mapping[str, Any], found: str, what: str) -> None:
    """Raise `InputRefusedError` unless the values are those that were sealed."""
    if digest_of(document) != found:
        raise InputRefusedError(
            f"{what} is not what covseg wrote: it was changed by hand or damaged. "
            "Put it back from a backup."
        )

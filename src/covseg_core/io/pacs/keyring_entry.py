"""Keep logins in the keyring of the user's computer, one for each PACS.

An entry belongs to scheme, host and port.  Who changes the address behind a name does
not get the login of the old one.
"""

from __future__ import annotations

import json
from typing import Any

from covseg_core.errors import UsageError

__all__ = ["forget", "keep", "recall"]

SERVICE = "covseg pacs"
_FIELDS = {"user", "password", "token"}
_INSTEAD = (
    "Set COVSEG_PACS_USER and COVSEG_PACS_PASSWORD, or COVSEG_PACS_TOKEN, in the "
    "environment instead"
)
_OPEN_FILES = ("keyrings.alt",)
"""Backends that keep passwords in files that others may read."""


def keep(origin: str, **login: str) -> None:
    """Put a login into the keyring, in place of an older one.

    Parameters
    ----------
    origin : str
        See `connection.origin_of`.
    **login : str
        ``user`` and ``password``, or ``token``.

    Raises
    ------
    UsageError
        If there is no keyring that is safe, or it does not keep the login.
    """
    ring = _keyring()
    if ring is None:
        raise UsageError(f"covseg is installed without its pacs extra. {_INSTEAD}.")
    if type(ring.get_keyring()).__module__.startswith(_OPEN_FILES):
        raise UsageError(f"the keyring here is a plain file. {_INSTEAD}.")
    secret = json.dumps(login)
    if not _kept(ring, origin, secret):
        raise UsageError(f"this computer has no keyring that can be used. {_INSTEAD}.")


def recall(origin: str) -> dict[str, str] | None:
    """Get a login from the keyring; None if it has none, or there is no keyring.

    Raises
    ------
    UsageError
        If the keyring stays locked, or its entry is none of covseg's.
    """
    ring = _keyring()
    if ring is None:
        return None
    try:
        secret = ring.get_password(SERVICE, origin)
    except ring.errors.NoKeyringError:
        return None
    except _failures(ring):
        secret = ""
    if secret is None:
        return None
    return _parsed(secret)


def forget(origin: str) -> bool:
    """Take a login out of the keyring; tell whether there was one."""
    ring = _keyring()
    if ring is None:
        return False
    try:
        was_there = ring.get_password(SERVICE, origin) is not None
        ring.delete_password(SERVICE, origin)
    except _failures(ring):
        return False
    return was_there


def _keyring() -> Any:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring


def _kept(ring: Any, origin: str, secret: str) -> bool:
    try:
        ring.set_password(SERVICE, origin, secret)
        return bool(ring.get_password(SERVICE, origin) == secret)
    except _failures(ring):
        return False


def _failures(ring: Any) -> tuple[type[Exception], ...]:
    """List what backends raise, also because their service is away."""
    return ring.errors.KeyringError, OSError, RuntimeError


def _parsed(secret: str) -> dict[str, str]:
    try:
        login = json.loads(secret)
    except ValueError:
        login = None
    # Raised out here, since a JSON error holds the text that it met.
    if (
        not isinstance(login, dict)
        or not set(login) <= _FIELDS
        or not all(isinstance(value, str) for value in login.values())
    ):
        raise UsageError(
            "the login in the keyring cannot be read. Unlock the keyring, or log in "
            "again with `covseg pacs login`."
        )
    return login

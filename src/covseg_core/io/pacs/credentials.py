"""Who the user is to a PACS, from the environment or the keyring.

A login is never an argument, never in a file of ours, and never in a message: what
holds one does not show it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from covseg_core.io.pacs.keyring_entry import recall

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "credentials_for"]

USER = "COVSEG_PACS_USER"
PASSWORD = "COVSEG_PACS_PASSWORD"
TOKEN = "COVSEG_PACS_TOKEN"


class Credentials:
    """A login that does not show itself.

    Parameters
    ----------
    user, password : str
        Of HTTP Basic authentication; both or none.
    token : str
        Of Bearer authentication, in place of them.

    Raises
    ------
    UsageError
        If they do not make one login, or hold signs that HTTP cannot carry.
    """

    __slots__ = ("_header",)

    def __init__(self, *, user: str = "", password: str = "", token: str = "") -> None:
        if bool(token) == bool(user or password):
            raise UsageError("a login is a user with a password, or a token.")
        if token:
            _require_token(token)
            self._header = f"Bearer {token}"
        else:
            _require_user(user, password)
            packed = b64encode(f"{user}:{password}".encode()).decode("ascii")
            self._header = f"Basic {packed}"

    def __repr__(self) -> str:
        return "Credentials(...)"

    def __reduce__(self) -> str:
        raise TypeError("a login is not written anywhere.")

    def header(self) -> str:
        """Value of the HTTP header ``Authorization``."""
        return self._header


def credentials_for(
    origin: str, environment: Mapping[str, str] | None = None
) -> Credentials | None:
    """Find the login for a PACS: the environment's, else the keyring's.

    Parameters
    ----------
    origin : str
        See `connection.origin_of`.
    environment : mapping, optional
        In place of that of this process.

    Returns
    -------
    Credentials or None
        None if there is none; some PACS ask for none.

    Raises
    ------
    UsageError
        If the environment tells half a login, or two.
    """
    environment = os.environ if environment is None else environment
    said = {name: environment.get(name, "") for name in (USER, PASSWORD, TOKEN)}
    if not any(said.values()):
        kept = recall(origin)
        return None if kept is None else Credentials(**kept)
    if said[TOKEN] and (said[USER] or said[PASSWORD]):
        raise UsageError(f"set {TOKEN}, or {USER} and {PASSWORD}, but not both.")
    return Credentials(user=said[USER], password=said[PASSWORD], token=said[TOKEN])


def _require_token(token: str) -> None:
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError("the token holds signs that no token has; copy it again.")


def _require_user(user: str, password: str) -> None:
    if not user or not password:
        raise UsageError(
            f"a user needs a password and a password a user; set {USER} and "
            f"{PASSWORD}, or use `covseg pacs login`."
        )
    if ":" in user or not (user + password).isprintable():
        raise UsageError(
            "a user may not hold a colon, and neither user nor password a line end."
        )

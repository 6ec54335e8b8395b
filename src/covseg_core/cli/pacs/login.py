"""`covseg pacs login` and `logout`: a login in the keyring of this computer."""

from __future__ import annotations

import getpass
import sys

from covseg_core.cli.output import say
from covseg_core.cli.pacs.opened import meant
from covseg_core.errors import UsageError
from covseg_core.io.pacs.connection import host_of, origin_of, require_safe
from covseg_core.io.pacs.credentials import Credentials
from covseg_core.io.pacs.keyring_entry import forget, keep

__all__ = ["login", "logout"]


def login(pacs: str, /, *, token: bool = False, insecure_http: bool = False) -> None:
    """Keep a login for a PACS in this computer's keyring.

    Asks for it at the terminal.  Nothing is sent.

    Parameters
    ----------
    pacs
        Name from `covseg pacs add`, or https address of a DICOMweb service.
    token
        Ask for a token in place of user and password.
    insecure_http
        Allow http to another computer, where everybody on the way can read along.
    """
    settings = meant(pacs, insecure_http=insecure_http)
    require_safe(settings)
    if not sys.stdin.isatty():
        raise UsageError(
            "a login is asked for at a terminal. In scripts set COVSEG_PACS_USER and "
            "COVSEG_PACS_PASSWORD, or COVSEG_PACS_TOKEN."
        )
    host = host_of(settings.url)
    said = _token(host) if token else _user_and_password(host)
    Credentials(**said)
    keep(origin_of(settings.url), **said)
    say(f"the login for {host} is in the keyring")


def logout(pacs: str, /) -> None:
    """Take a login out of the keyring again.

    Parameters
    ----------
    pacs
        Name from `covseg pacs add`, or address of a DICOMweb service.
    """
    url = meant(pacs).url
    if forget(origin_of(url)):
        say(f"the login for {host_of(url)} is out of the keyring")
    else:
        say(f"there was no login for {host_of(url)}")


def _token(host: str) -> dict[str, str]:
    return {"token": getpass.getpass(f"Token for {host} (not shown): ")}


def _user_and_password(host: str) -> dict[str, str]:
    return {
        "user": _ask(f"User at {host}: "),
        "password": getpass.getpass("Password (not shown): "),
    }


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()

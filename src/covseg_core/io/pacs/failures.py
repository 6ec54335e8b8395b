"""Say in one sentence what went wrong between this computer and a PACS.

What `requests` raises holds the request, and so the login and the patient that was
asked for.  None of it leaves this package: `attempt` raises a new error, outside of
the handling of the old one, so that no chain leads back.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, TypeVar

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PacsError", "attempt", "refusal_of"]

_Result = TypeVar("_Result")

LOGIN = (
    "Log in with `covseg pacs login`, or set COVSEG_PACS_USER and "
    "COVSEG_PACS_PASSWORD, or COVSEG_PACS_TOKEN"
)
BUSY = {429, 502, 503, 504}
_REFUSALS = {
    400: "did not understand the request (400). Look at the address and its prefixes",
    403: "does not allow you to do that (403). Ask who runs it for the right",
    404: (
        "has nothing at that place (404). Look at the address, its prefixes and the "
        "UIDs"
    ),
    406: "cannot send what was asked for in DICOM's own format (406)",
    409: "refused because something of that kind is there already (409)",
    413: "does not take anything as large as that (413)",
    415: "does not take DICOM files over DICOMweb (415)",
}


class PacsError(InputRefusedError):
    """A PACS could not be used, or answered what cannot be right.

    Parameters
    ----------
    message : str
        Sentence for the user.
    passing : bool
        Whether asking again may help.
    in_doubt : bool
        Whether the request may have been carried out all the same.
    """

    def __init__(
        self, message: str, *, passing: bool = False, in_doubt: bool = False
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.in_doubt = in_doubt


def attempt(act: Callable[[], _Result], host: str) -> _Result:
    """Do something over the network and raise only `PacsError` if that fails.

    Parameters
    ----------
    act : callable
        What to do.
    host : str
        Whom with; stands in the sentence.

    Raises
    ------
    PacsError
        In place of what `requests`, `urllib3` and `http.client` raise.
    """
    import requests
    import urllib3

    try:
        return act()
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        UnicodeError,
    ) as error:
        failure = _failure_of(error, host)
    raise failure


def refusal_of(status: int, host: str, *, has_login: bool) -> PacsError:
    """Make the error for an HTTP status that is no success."""
    if status in BUSY:
        return PacsError(f"{host} is busy ({status}); try again later.", passing=True)
    if status == 401 and has_login:
        return PacsError(f"{host} does not accept this login (401). {LOGIN}.")
    if status == 401:
        return PacsError(f"{host} asks who you are (401). {LOGIN}.")
    if status >= 500:
        return PacsError(
            f"{host} failed inside ({status}). Tell who runs it if it does so again.",
            in_doubt=True,
        )
    said = _REFUSALS.get(status, f"answered {status}, which covseg does not expect")
    return PacsError(f"{host} {said}.")


def _failure_of(error: Exception, host: str) -> PacsError:
    import requests
    from requests import exceptions
    from urllib3 import exceptions as inner

    cause = _cause(error)
    if isinstance(error, exceptions.ConnectTimeout):
        return PacsError(f"{host} did not open a connection in time. {_LOOK}")
    if isinstance(error, requests.Timeout) or isinstance(cause, inner.ReadTimeoutError):
        return PacsError(f"{host} stopped answering. Try again later.", in_doubt=True)
    if isinstance(error, exceptions.SSLError) or isinstance(cause, inner.SSLError):
        return _tls_failure(cause, host)
    if isinstance(cause, inner.NameResolutionError):
        return PacsError(f"no computer is called {host}. {_LOOK}")
    if isinstance(cause, inner.NewConnectionError):
        return PacsError(f"{host} does not accept connections. {_LOOK}")
    if isinstance(error, exceptions.ConnectionError | exceptions.ChunkedEncodingError):
        return cut_off(host)
    return PacsError(f"{host} cannot be used ({type(error).__name__}). {_LOOK}")


_LOOK = "Look at the address, the port and your network."


def cut_off(host: str) -> PacsError:
    """Make the error for an answer that ended early, or did not begin."""
    return PacsError(
        f"{host} ended the connection before its answer was whole. Try again.",
        passing=True,
        in_doubt=True,
    )


def _tls_failure(cause: object, host: str) -> PacsError:
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return PacsError(
            f"the certificate of {host} is not one that this computer trusts. If your "
            "hospital has its own, give its file to `covseg pacs add` with --ca-file."
        )
    return PacsError(
        f"no secure connection to {host} came about (TLS). Look whether the address "
        "and the port are those of https."
    )


def _cause(error: Exception) -> object:
    """Find what `urllib3` raised first, under what was made of it."""
    inner: object = error.args[0] if error.args else error
    return getattr(inner, "reason", None) or inner

"""Talk HTTP with one PACS: bounded, patient within limits, and silent about logins.

`requests` is used with nothing from the environment: no proxies, no ``.netrc``.  A
redirect is followed on the same server only, so that a login never goes elsewhere.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

from covseg_core import __version__
from covseg_core.io.pacs.answer import Answer
from covseg_core.io.pacs.connection import host_of, origin_of
from covseg_core.io.pacs.deadline import Deadline, adapter_with
from covseg_core.io.pacs.failures import PacsError, refusal_of
from covseg_core.io.pacs.unlogged import unlogged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from requests import PreparedRequest, Response, Session

    from covseg_core.io.pacs.connection import PacsSettings
    from covseg_core.io.pacs.credentials import Credentials

__all__ = ["Transport"]

_Result = TypeVar("_Result")

READ_ATTEMPTS = 3
MAX_REDIRECTS = 3
_DONE = {200, 204}
_TOLD = {200, 202, 409}
"""Answers to a storage request that tell of each object."""
_MOVED = {301, 302, 303, 307, 308}


class Transport:
    """Reads from and writes to one PACS; for one thread.

    Parameters
    ----------
    settings : PacsSettings
        Where it is.
    credentials : Credentials or None
        The login, sent to this server only.
    """

    def __init__(self, settings: PacsSettings, credentials: Credentials | None) -> None:
        self.host = host_of(settings.url)
        self._settings = settings
        self._credentials = credentials
        self._deadline = Deadline(settings.answer_s)
        self._session = _session(settings, self._deadline)

    @property
    def qido_prefix(self) -> str:
        """Path of searches."""
        return self._settings.qido_prefix

    @property
    def wado_prefix(self) -> str:
        """Path of retrieval."""
        return self._settings.wado_prefix

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def get(
        self,
        path: str,
        use: Callable[[Answer], _Result],
        *,
        accept: str,
        prefix: str,
        params: Mapping[str, str] | None = None,
    ) -> _Result:
        """Ask for something and hand the answer to `use`, if need be several times.

        Parameters
        ----------
        path : str
            After address and prefix, such as ``/studies``.
        use : callable
            Reads the answer; called again from the start after an answer that broke.
        accept : str
            Media types to ask for.
        prefix : str
            Of searches or of retrieval.
        params : mapping, optional
            The query.

        Raises
        ------
        PacsError
            If the PACS is out of reach, refuses, or breaks `READ_ATTEMPTS` answers.
        """
        url = self._url(prefix, path)
        for _ in range(READ_ATTEMPTS - 1):
            try:
                return self._read(url, use, accept, params)
            except PacsError as error:
                if not error.passing:
                    raise
            time.sleep(self._settings.retry_s)
        return self._read(url, use, accept, params)

    def post(
        self,
        path: str,
        body: Iterable[bytes],
        use: Callable[[Answer], _Result],
        *,
        content_type: str,
    ) -> _Result:
        """Send something once, whatever happens, and hand the answer to `use`.

        Raises
        ------
        PacsError
            If the PACS is out of reach or refuses; `PacsError.in_doubt` tells whether
            it may have taken it all the same.
        """
        url = self._url(self._settings.stow_prefix, path)
        headers = {"Accept": "application/dicom+json", "Content-Type": content_type}
        with (
            self._deadline,
            self._send("POST", url, headers=headers, data=body) as response,
        ):
            if response.status_code in _MOVED:
                raise PacsError(
                    f"{self.host} wants to be written to at another place; nothing was "
                    "sent there. Give its own address."
                )
            self._require(response.status_code, _TOLD)
            return use(self._answer(response))

    def _read(
        self,
        url: str,
        use: Callable[[Answer], _Result],
        accept: str,
        params: Mapping[str, str] | None,
    ) -> _Result:
        for _ in range(MAX_REDIRECTS + 1):
            headers = {"Accept": accept}
            with (
                self._deadline,
                self._send("GET", url, headers=headers, params=params) as response,
            ):
                if response.status_code not in _MOVED:
                    self._require(response.status_code, _DONE)
                    return use(self._answer(response))
                url, params = self._next(url, response), None
        raise PacsError(f"{self.host} sends from one place to the next, in a circle.")

    def _send(self, method: str, url: str, **what: Any) -> Response:
        limits = self._settings.timeout_s
        with unlogged():
            return self._deadline.attempt(
                lambda: self._session.request(
                    method,
                    url,
                    auth=self._sign,
                    timeout=(min(limits, 10.0), limits),
                    stream=True,
                    allow_redirects=False,
                    **what,
                ),
                self.host,
            )

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        if self._credentials is not None:
            request.headers["Authorization"] = self._credentials.header()
        return request

    def _next(self, url: str, response: Response) -> str:
        target = _joined(url, response.headers.get("Location", ""))
        if target and origin_of(target) == origin_of(self._settings.url):
            return target
        raise PacsError(
            f"{self.host} sends on to another server, to which no login and no request "
            "goes. If that is right, give that server's address."
        )

    def _require(self, status: int, good: set[int]) -> None:
        if status not in good:
            raise refusal_of(status, self.host, has_login=self._credentials is not None)

    def _answer(self, response: Response) -> Answer:
        return Answer(response, self.host, self._deadline)

    def _url(self, prefix: str, path: str) -> str:
        base = self._settings.url.rstrip("/")
        return f"{base}/{prefix}{path}" if prefix else f"{base}{path}"


def _joined(url: str, location: str) -> str:
    """Give the address that a redirect names, empty if it is none."""
    try:
        target = urljoin(url, location)
        origin_of(target)
    except ValueError:
        return ""
    return target


def _session(settings: PacsSettings, deadline: Deadline) -> Session:
    import requests
    import urllib3

    class OneAnswer(requests.Session):
        """Looks at no redirect by itself, which would read its body without end."""

        def get_redirect_target(self, resp: Response) -> None:
            return None

    session = OneAnswer()
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter_with(deadline))
    session.trust_env = False
    session.verify = str(settings.ca_file or "") or settings.verify_certificate
    # Unpacked sizes are then those that the server states.
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = f"covseg/{__version__}"
    if session.verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session

"""One PACS, opened: find, fetch and store."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from covseg_core.io.pacs.connection import origin_of, require_safe
from covseg_core.io.pacs.credentials import credentials_for
from covseg_core.io.pacs.fetch import fetch_series
from covseg_core.io.pacs.instances import SeriesAddress
from covseg_core.io.pacs.search import SeriesQuery, find_series
from covseg_core.io.pacs.store import store_files
from covseg_core.io.pacs.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from covseg_core.io.pacs.connection import PacsSettings
    from covseg_core.io.pacs.credentials import Credentials
    from covseg_core.io.pacs.fetch import FetchedSeries
    from covseg_core.io.pacs.receipt import StoredObject
    from covseg_core.io.pacs.search import Search
    from covseg_core.io.pacs.steps import PacsStep

__all__ = ["Pacs", "open_pacs", "require_certificates"]


def open_pacs(settings: PacsSettings, credentials: Credentials | None = None) -> Pacs:
    """Make ready to talk to a PACS; nothing is sent yet.

    Parameters
    ----------
    settings : PacsSettings
        Where it is.
    credentials : Credentials, optional
        The login; that of the environment or the keyring if not given.

    Raises
    ------
    UsageError
        If the connection would be open to everybody, certificates cannot be read, or
        the login makes no sense.
    """
    if find_spec("requests") is None:
        raise UsageError(
            "a PACS needs the pacs extra; install it with "
            "`pip install napari-covseg[pacs]`."
        )
    require_safe(settings)
    require_certificates(settings.ca_file)
    login = credentials or credentials_for(origin_of(settings.url))
    return Pacs(Transport(settings, login))


class Pacs:
    """A PACS that speaks DICOMweb; for one thread, and closed by ``with``.

    Parameters
    ----------
    transport : Transport
        Talks to it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Host and port."""
        return self._transport.host

    def close(self) -> None:
        """End the connections."""
        self._transport.close()

    def find_series(self, query: SeriesQuery | None = None) -> Search:
        """Look for series; see `search.find_series`."""
        return find_series(self._transport, query or SeriesQuery())

    def fetch_series(
        self, study_uid: str, series_uid: str, folder: Path
    ) -> Generator[PacsStep, None, FetchedSeries]:
        """Bring a series into a folder; see `fetch.fetch_series`."""
        series = SeriesAddress(study_uid, series_uid)
        return fetch_series(self._transport, series, folder)

    def store(
        self, files: Sequence[Path]
    ) -> Generator[PacsStep, None, tuple[StoredObject, ...]]:
        """Send objects that covseg made; see `store.store_files`."""
        return store_files(self._transport, files)


def require_certificates(ca_file: Path | None) -> None:
    """Raise `UsageError` if there is a file of certificates that cannot be read."""
    if ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ValueError):
        pass
    else:
        return
    raise UsageError(
        f"{ca_file.name!r} is no file of certificates that can be read; give a PEM "
        "file with --ca-file."
    )

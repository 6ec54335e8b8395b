"""Hang up on a server whose answer takes too long, however steadily it drips.

The time limit of a socket begins anew with every byte, and reading a line or a block
waits for all of it.  So a clock in another thread ends the connection.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from covseg_core.io.pacs.failures import PacsError, attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.adapters import HTTPAdapter

__all__ = ["Deadline", "adapter_with"]

_Result = TypeVar("_Result")


class Deadline:
    """The time that an answer may take, from the end of the request.

    As a context it ends the wait, whatever came of it.

    Parameters
    ----------
    seconds : float
        How long.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        """Begin; the time runs once the request is sent."""
        return self

    def __exit__(self, *raised: object) -> None:
        """End the wait; nothing is hung up any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self._timer, self._is_over = None, False

    def start(self, line: socket.socket) -> None:
        """Begin to wait for an answer that comes over `line`."""
        self._timer = threading.Timer(self._seconds, self._hang_up, (line,))
        self._timer.daemon = True
        self._timer.start()

    def attempt(self, act: Callable[[], _Result], host: str) -> _Result:
        """Do what `failures.attempt` does, and tell if the time was over meanwhile.

        Raises
        ------
        PacsError
            If it failed or took too long.
        """
        failure = None
        try:
            result = attempt(act, host)
        except PacsError as error:
            failure = error
        if self._is_over:
            raise PacsError(
                f"{host} sends too slowly. Try again when it has less to do.",
                in_doubt=True,
            )
        if failure is not None:
            raise failure
        return result

    def _hang_up(self, line: socket.socket) -> None:
        self._is_over = True
        # Not that of TLS, which would first take leave of the other side.
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def adapter_with(deadline: Deadline) -> HTTPAdapter:
    """Make an adapter for `requests` whose connections start `deadline`."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    def watched(pool: Any) -> Any:
        class Connection(pool.ConnectionCls):
            def getresponse(self) -> Any:
                deadline.start(self.sock)
                return super().getresponse()

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": watched(HTTPConnectionPool),
        "https": watched(HTTPSConnectionPool),
    }
    return adapter

"""Keep addresses out of logs: those of searches name the patient searched for."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["unlogged"]

_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.response")


@contextmanager
def unlogged() -> Iterator[None]:
    """Drop what `urllib3` logs in this thread while the block runs."""
    thread = threading.get_ident()

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(elsewhere)
    try:
        yield
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(elsewhere)

"""Let one process at a time write a model or the history of promotions."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from covseg_core.errors import OutputError
from covseg_core.registry.home import models_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

PATIENCE_S = 60.0


@contextmanager
def locked(target: Path, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock of a file or folder; it ends with the process that holds it.

    Parameters
    ----------
    target : Path
        What will be written.
    patience_s : float
        How long to wait for another process, in seconds.

    Raises
    ------
    OutputError
        If another process holds it for longer, or no lock can be made.
    """
    from filelock import FileLock, Timeout

    place = _place(target)
    lock = FileLock(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=patience_s)
    except Timeout as error:
        raise OutputError(
            f"another program is writing {target.name!r}; try again when it is done."
        ) from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise OutputError(
            f"{target.name!r} could not be written: there can be no lock in the "
            f"folder of your models ({reason}). Set COVSEG_HOME to another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _place(target: Path) -> Path:
    """Keep locks in the store, so that no folder elsewhere is littered with them."""
    whole = hashlib.sha256(os.path.realpath(target).encode()).hexdigest()
    return models_folder() / ".locks" / f"{target.name}-{whole[:16]}.lock"

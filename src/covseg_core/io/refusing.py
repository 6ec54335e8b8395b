"""Turn whatever goes wrong with a file into one sentence that names it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["refusing"]


@contextmanager
def refusing(path: Path, wanted: str) -> Iterator[None]:
    """Let only refusals out of a block that reads a file.

    Parameters
    ----------
    path : Path
        The file; its name without folders begins the sentence.
    wanted : str
        What the file should be, such as ``NIfTI file``.

    Raises
    ------
    InputRefusedError
        For whatever is raised inside; a refusal keeps its class and its words.
    """
    try:
        yield
    except InputRefusedError as error:
        raise type(error)(f"{path.name}: {error}") from error
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise InputRefusedError(
            f"{path.name} could not be read: {reason}. Check the file and try again."
        ) from error
    except MemoryError as error:
        raise InputRefusedError(
            f"{path.name} needs more memory than there is. Close other programs or "
            "crop the scan."
        ) from error
    # nibabel, pydicom, highdicom, zlib and numpy raise many classes.
    except Exception as error:
        raise InputRefusedError(
            f"{path.name} is not a readable {wanted} ({type(error).__name__}). "
            "Check that it was copied whole, or export it again."
        ) from error

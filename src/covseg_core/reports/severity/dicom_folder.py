"""A folder of DICOM objects that changes at once, and never mixes two reports."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.atomic import force_folder_to_disk
from covseg_core.io.dicom.derived import is_derived

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "DOCUMENT",
    "MEASUREMENTS",
    "SEGMENTATION",
    "replaced_together",
    "require_replaceable",
]

SEGMENTATION = "segmentation.dcm"
MEASUREMENTS = "measurements.dcm"
DOCUMENT = "report.dcm"
_OURS = re.compile(r"(segmentation|measurements|report|report_page_\d+)\.dcm")


@contextmanager
def replaced_together(folder: Path) -> Iterator[Path]:
    """Give a place to write a report, which then takes that of an older one.

    Parameters
    ----------
    folder : Path
        Where the files go; made if there is none.  Files of other names stay; an
        older report goes, with pages that the new one lacks.

    Yields
    ------
    Path
        A hidden folder for the new files.

    Raises
    ------
    UsageError
        If a file of such a name is none of covseg's; nothing is written then.
    OutputError
        If the folder cannot be made or changed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        older = require_replaceable(folder)
        with TemporaryDirectory(prefix=".covseg-", dir=folder) as part:
            yield Path(part)
            _exchange(Path(part), folder, older)
    except OSError as error:
        raise _refusal(folder, error) from error


def require_replaceable(folder: Path) -> list[Path]:
    """List the files of an older report in a folder, if there is one.

    Raises
    ------
    UsageError
        If a file has such a name, but is none of covseg's.
    OutputError
        If one may not look into the folder, or it is a file.
    """
    try:
        older = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _refusal(folder, error) from error
    for path in older:
        try:
            is_own = is_derived(path)
        except InputRefusedError:
            is_own = False
        if not is_own:
            raise UsageError(
                f"{path.name} in that folder is not of covseg and would be replaced. "
                "Choose another folder."
            )
    return older


def _refusal(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the folder {folder.name!r} could not be written: "
        f"{error.strerror or 'the system refused'}. Choose another folder."
    )


def _exchange(part: Path, folder: Path, older: Sequence[Path]) -> None:
    names = sorted(path.name for path in part.iterdir())
    for name in names:
        os.replace(part / name, folder / name)
    for path in older:
        if path.name not in names:
            path.unlink()
    force_folder_to_disk(folder)

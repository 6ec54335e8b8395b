"""A folder in the making: it gets its name when all of its images are there.

Until then the images lie beside it under a hidden name, where the next attempt finds
them.  Which image a file is stands in the file; names tell nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.atomic import force_folder_to_disk
from covseg_core.io.pacs.instances import uids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from covseg_core.io.pacs.instances import SeriesAddress

__all__ = ["Staging"]


class Staging:
    """The folder that a series comes to.

    Parameters
    ----------
    folder : Path
        Where the series shall be; absent or empty.

    Raises
    ------
    UsageError
        If it holds something, or is a file.
    OutputError
        If one may not look into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.part = self.folder.with_name(f".{self.folder.name}.covseg-part")
        if not self._is_free():
            raise UsageError(
                f"{self.folder.name!r} is there already; give a new or empty folder "
                "after -o."
            )

    def _is_free(self) -> bool:
        try:
            return not any(self.folder.iterdir())
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            return False
        except OSError as error:
            raise self._sentence(error) from error

    def begin(self, series: SeriesAddress, images: Iterable[str]) -> set[str]:
        """Make room, drop what does not belong, and tell which images are there.

        Raises
        ------
        OutputError
            If one may not write there.
        """
        wanted = set(images)
        found: set[str] = set()
        try:
            self.part.mkdir(parents=True, exist_ok=True)
            for path in sorted(self.part.iterdir()):
                image_uid = _image_in(path, series)
                if image_uid in wanted - found:
                    found.add(image_uid)
                    path.replace(self.place_of(image_uid))
                else:
                    path.unlink()
        except OSError as error:
            raise self._sentence(error) from error
        return found

    def place_of(self, image_uid: str) -> Path:
        """Where an image lies until all are there."""
        # A name that is found again, but tells nothing.
        return self.part / f"{hashlib.sha256(image_uid.encode()).hexdigest()[:32]}.dcm"

    def finish(self, images: Sequence[str]) -> None:
        """Give the files their numbers and the folder its name.

        Raises
        ------
        OutputError
            If that cannot be done; what came stays for the next attempt.
        """
        digits = max(4, len(str(len(images))))
        try:
            for number, image_uid in enumerate(images, 1):
                name = f"image_{number:0{digits}d}.dcm"
                self.place_of(image_uid).replace(self.part / name)
            force_folder_to_disk(self.part)
            with suppress(FileNotFoundError):
                self.folder.rmdir()
            self.part.rename(self.folder)
        except OSError as error:
            raise self._sentence(error) from error
        force_folder_to_disk(self.folder.parent)

    def _sentence(self, error: OSError) -> OutputError:
        return OutputError(
            f"the folder {self.folder.name!r} could not be written: "
            f"{error.strerror or type(error).__name__}. Choose another one after -o."
        )


def _image_in(path: Path, series: SeriesAddress) -> str:
    """UID of the image in a file; empty if it is none of the series."""
    try:
        study_uid, series_uid, image_uid = uids_of(path)
    except InputRefusedError:
        return ""
    wanted = series.study_uid, series.series_uid
    return image_uid if (study_uid, series_uid) == wanted else ""

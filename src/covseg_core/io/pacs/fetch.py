"""Fetch a series from a PACS, image by image (WADO-RS, DICOM PS3.18 10.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from covseg_core.io.atomic import write_atomically
from covseg_core.io.pacs.dicom_json import require_uid
from covseg_core.io.pacs.instances import SeriesAddress, list_images, require_image
from covseg_core.io.pacs.multipart import DICOM, file_in
from covseg_core.io.pacs.staging import Staging
from covseg_core.io.pacs.steps import PacsStep

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.io.pacs.answer import Answer
    from covseg_core.io.pacs.transport import Transport

__all__ = ["FetchedSeries", "fetch_series"]

STAGE = "Fetching images"


@dataclass(frozen=True)
class FetchedSeries:
    """A series that has come whole.

    Parameters
    ----------
    folder : Path
        Holds ``image_0001.dcm`` and so on, in the order of their numbers.
    images : int
        How many.
    kept : int
        How many of them an earlier attempt had brought.
    """

    folder: Path
    images: int
    kept: int


def fetch_series(
    transport: Transport, series: SeriesAddress, folder: Path
) -> Generator[PacsStep, None, FetchedSeries]:
    """Bring a series into a folder, which appears when all of it has come.

    Who stops the generator and begins again fetches only what is missing.

    Parameters
    ----------
    transport : Transport
        Whom to ask.
    series : SeriesAddress
        Which series.
    folder : Path
        Where to; absent or empty.

    Yields
    ------
    PacsStep
        After every image.

    Raises
    ------
    PacsError
        If the PACS is out of reach, has not what it says, or sends something else.
    UsageError
        If a UID is none, or the folder is in use.
    OutputError
        If the disk does not take it.
    """
    require_uid(series.study_uid, "--study")
    require_uid(series.series_uid, "--series")
    staging = Staging(folder)
    yield PacsStep("Asking for the list of images", 0, 0)
    images = list_images(transport, series)
    there = staging.begin(series, images)
    done = kept = len(there)
    yield PacsStep(STAGE, done, len(images))
    for image_uid in images:
        if image_uid not in there:
            _fetch(transport, series, image_uid, staging.place_of(image_uid))
            done += 1
            yield PacsStep(STAGE, done, len(images))
    staging.finish(images)
    return FetchedSeries(folder, len(images), kept)


def _fetch(
    transport: Transport, series: SeriesAddress, image_uid: str, path: Path
) -> None:
    def save(answer: Answer) -> None:
        write_atomically(
            path,
            partial(_write, answer),
            lambda came: require_image(came, series, image_uid, transport.host),
        )

    place = series.image_path(image_uid)
    transport.get(place, save, accept=DICOM, prefix=transport.wado_prefix)


def _write(answer: Answer, path: Path) -> None:
    with path.open("wb") as file:
        for piece in file_in(answer):
            file.write(piece)

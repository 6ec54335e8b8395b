"""Which images a series has, and whether a file is one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import quiet, text
from covseg_core.io.dicom.parse import read_uids
from covseg_core.io.pacs import dicom_json
from covseg_core.io.pacs.failures import PacsError
from covseg_core.io.pacs.pages import ask
from covseg_core.io.pacs.search import IMAGES, SERIES
from covseg_core.io.refusing import refusing

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.io.pacs.transport import Transport

__all__ = ["SeriesAddress", "list_images", "require_image", "uids_of"]

INSTANCE, NUMBER = "00080018", "00200013"
MOST_IMAGES = 20_000


@dataclass(frozen=True)
class SeriesAddress:
    """Where a series is in a PACS: the UIDs of its study and of itself."""

    study_uid: str
    series_uid: str

    @property
    def path(self) -> str:
        """Its place after the address of the service."""
        return f"/studies/{self.study_uid}/series/{self.series_uid}"

    def image_path(self, image_uid: str) -> str:
        """Place of one of its images."""
        return f"{self.path}/instances/{image_uid}"


def list_images(transport: Transport, series: SeriesAddress) -> tuple[str, ...]:
    """List the UIDs of a series' images, in the order of their numbers.

    Raises
    ------
    PacsError
        If there is no such series, or the list is not as long as the server says.
    """
    path, wanted = f"{series.path}/instances", {"includefield": NUMBER}
    items = ask(transport, path, wanted, key=INSTANCE, most=MOST_IMAGES + 1)
    if not items:
        raise PacsError(
            f"{transport.host} has no images of that series. `covseg pacs find` lists "
            "what there is."
        )
    said = _stated_count(transport, series)
    if said not in (None, len(items)) or len(items) > MOST_IMAGES:
        raise PacsError(
            f"{transport.host} tells of {said} images in that series, but lists "
            f"{len(items)}. Try again when all of them have arrived there."
        )
    numbered = [
        (
            dicom_json.count(item, NUMBER) or 0,
            dicom_json.uid(item, INSTANCE, transport.host),
        )
        for item in items
    ]
    return tuple(image_uid for _, image_uid in sorted(numbered))


def require_image(path: Path, series: SeriesAddress, image_uid: str, host: str) -> None:
    """Check that a file that came is the image that was asked for.

    Raises
    ------
    PacsError
        If it is no DICOM file, or of another image or series.
    """
    try:
        found = uids_of(path)
    except InputRefusedError:
        found = "", "", ""
    if not any(found):
        raise PacsError(f"{host} sent something that is no DICOM file.")
    if found != (series.study_uid, series.series_uid, image_uid):
        raise PacsError(
            f"{host} sent an image of another series than was asked for; nothing of "
            "it was kept. Tell who runs it."
        )


def uids_of(path: Path) -> tuple[str, str, str]:
    """Read the UIDs of study, series and image of a DICOM file.

    Raises
    ------
    InputRefusedError
        If it is no DICOM file.
    """
    with refusing(path, "DICOM file"), quiet():
        _require_part10(path)
        header = read_uids(path)
        return (
            text(header, "StudyInstanceUID"),
            text(header, "SeriesInstanceUID"),
            text(header, "SOPInstanceUID"),
        )


def _require_part10(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(132)[128:] != b"DICM":
            raise InputRefusedError("it is no DICOM file")


def _stated_count(transport: Transport, series: SeriesAddress) -> int | None:
    wanted = {"SeriesInstanceUID": series.series_uid, "includefield": IMAGES}
    path = f"/studies/{series.study_uid}/series"
    for item in ask(transport, path, wanted, key=SERIES, most=1000):
        if dicom_json.text(item, SERIES) == series.series_uid:
            return dicom_json.count(item, IMAGES)
    return None

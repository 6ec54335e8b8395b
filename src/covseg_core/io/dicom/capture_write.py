"""Put pages of a report as pictures into the record of the patient whose CT it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom import config
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

from covseg_core.errors import UsageError
from covseg_core.io.dicom.derived import (
    describe,
    new_object,
    save_object,
    source_files,
)
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.source_series import source_series_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from pydicom.dataset import Dataset

    from covseg_core.volume import CTVolume

    Page = npt.NDArray[np.uint8]

__all__ = ["page_name", "write_secondary_captures"]

_SERIES_NUMBER = 9005


def page_name(number: int) -> str:
    """Name the file of a page, from 1."""
    return f"report_page_{number:02}.dcm"


def write_secondary_captures(
    folder: Path,
    ct: CTVolume,
    pages: Sequence[Page],
    *,
    shows_identifiers: bool = False,
) -> tuple[Path, ...]:
    """Write each page as a colour picture, all in one series.

    Parameters
    ----------
    folder : Path
        Where the files go; it must exist.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    pages : sequence of ndarray of uint8, shape (rows, columns, 3)
        Red, green and blue.
    shows_identifiers : bool
        Whether pages show who the patient is; gives (0028,0301) *Burned In
        Annotation*.

    Returns
    -------
    tuple of Path
        One file per page, see `page_name`.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM, or a page is no colour picture.
    InputRefusedError
        If the CT's files are gone or changed.
    OutputError
        If a file cannot be written; what had its name is untouched.
    """
    for number, page in enumerate(pages, 1):
        _require_colour(page, number)
    series = source_series_of(ct)
    description = describe("Lung infection report, pages", ct.source)
    with quiet(), config.disable_value_validation():
        shared = new_object(
            series, SecondaryCaptureImageStorage, "OT", _SERIES_NUMBER, description
        )
        shared.ConversionType = "WSD"
        shared.ImageType = ["DERIVED", "SECONDARY"]
        shared.BodyPartExamined, shared.PatientOrientation = "CHEST", ""
        shared.BurnedInAnnotation = "YES" if shows_identifiers else "NO"
        shared.LossyImageCompression = "00"
        shared.SourceImageSequence = source_files(series)
        return tuple(
            _save_page(folder / page_name(number), shared, page, number)
            for number, page in enumerate(pages, 1)
        )


def _require_colour(page: Page, number: int) -> None:
    if page.dtype != np.uint8 or page.ndim != 3 or page.shape[2] != 3:
        raise UsageError(
            f"page {number} is {page.dtype} of shape {page.shape}; give uint8 of shape "
            "(rows, columns, 3)."
        )


def _save_page(path: Path, shared: Dataset, page: Page, number: int) -> Path:
    shared.InstanceNumber = number
    shared.SOPInstanceUID = generate_uid()
    shared.file_meta.MediaStorageSOPInstanceUID = shared.SOPInstanceUID
    shared.SamplesPerPixel = 3
    shared.PhotometricInterpretation = "RGB"
    shared.PlanarConfiguration = 0
    shared.Rows, shared.Columns, _ = page.shape
    shared.BitsAllocated = shared.BitsStored = 8
    shared.HighBit, shared.PixelRepresentation = 7, 0
    pixels = page.tobytes()
    shared.PixelData = pixels + b"\0" * (len(pixels) % 2)
    save_object(path, shared)
    return path

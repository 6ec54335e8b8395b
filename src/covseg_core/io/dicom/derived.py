"""What every DICOM object that belongs to a CT series has: whose it is, who made it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from covseg_core import __version__
from covseg_core.io.atomic import misread, write_atomically
from covseg_core.io.dicom.elements import quiet, text
from covseg_core.io.refusing import refusing
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.io.dicom.source_series import SourceSeries
    from covseg_core.volume import Source

__all__ = [
    "describe",
    "is_derived",
    "new_object",
    "save_object",
    "sequence_item",
    "source_files",
]

MANUFACTURER = "covseg"
MODEL_NAME = "napari-covseg"


def describe(what: str, source: Source) -> str:
    """Make a (0008,103E) *Series Description* that says what a PACS must show."""
    mark = f"{SYNTHETIC} " if source.is_synthetic else ""
    return f"{mark}{what}, research use only"


def new_object(
    series: SourceSeries, sop_class: str, modality: str, number: int, description: str
) -> Dataset:
    """Begin an object in the study of a series, in a series of its own.

    Parameters
    ----------
    series : SourceSeries
        Gives patient and study.
    sop_class : str
        (0008,0016) *SOP Class UID*.
    modality : str
        (0008,0060) *Modality*.
    number : int
        (0020,0011) *Series Number*.
    description : str
        (0008,103E) *Series Description*, see `describe`.
    """
    made = Dataset()
    made.update(series.identity)
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = generate_uid()
    made.SeriesInstanceUID = generate_uid()
    made.Modality = modality
    made.SeriesNumber = number
    made.SeriesDescription = description
    made.Manufacturer = MANUFACTURER
    made.ManufacturerModelName = MODEL_NAME
    made.SoftwareVersions = __version__
    now = datetime.now(UTC).astimezone()
    made.ContentDate, made.ContentTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def source_files(series: SourceSeries) -> list[Dataset]:
    """Refer to each file of a series once, in order."""
    classes = {one.sop_instance: one.sop_class for one in series.references}
    return [
        sequence_item(ReferencedSOPClassUID=kind, ReferencedSOPInstanceUID=uid)
        for uid, kind in classes.items()
    ]


def sequence_item(**elements: object) -> Dataset:
    """Make an item of a sequence from keywords and values."""
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def is_derived(path: Path) -> bool:
    """Tell whether covseg made a DICOM object.

    Raises
    ------
    InputRefusedError
        If the file is none.
    """
    with refusing(path, "DICOM file"), quiet():
        header = dcmread(path, specific_tags=["Manufacturer"], stop_before_pixels=True)
    return text(header, "Manufacturer") == MANUFACTURER


def save_object(path: Path, made: Dataset) -> None:
    """Write an object, whole or not at all, and read it back.

    Raises
    ------
    OutputError
        If it cannot be written; what was at `path` is untouched.
    """

    def check(written: Path) -> None:
        if dcmread(written) != made:
            raise misread(path.name)

    with quiet():
        write_atomically(
            path,
            lambda temporary: made.save_as(temporary, enforce_file_format=True),
            check,
        )

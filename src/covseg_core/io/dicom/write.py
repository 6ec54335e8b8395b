"""Write a CT volume as an uncompressed series of CT Image Storage, without a name.

It serves samples, tests and hand-over to programs that read DICOM only.  Equal
volumes get equal UIDs, so that writing twice makes the same files.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from covseg_core.errors import GeometryError, OutputError, UsageError
from covseg_core.io.atomic import write_atomically
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import CTVolume, Grid

__all__ = ["write_dicom_series"]

INTERCEPT = -1024
PADDING_STORED = -2000


def write_dicom_series(
    ct: CTVolume, folder: Path, *, series_description: str = "CT written by covseg"
) -> tuple[Path, ...]:
    """Write one file per slice, named ``slice_0001.dcm`` and so on.

    Stored values are 16-bit with a slope of 1 and an intercept of -1024, so HU are
    rounded to whole numbers.  Padding is declared as such.

    Parameters
    ----------
    ct : CTVolume
        In HU, on a grid with right angles.
    folder : Path
        Where to write; made if missing, and empty but for such files of before.
    series_description : str
        (0008,103E) *Series Description*, at most 64 characters; that of a synthetic
        scan begins with `volume.SYNTHETIC`.

    Returns
    -------
    tuple of Path
        The files in the order of the slices.

    Raises
    ------
    UsageError
        If the volume is not in HU, or its HU do not fit into 16 bits.
    GeometryError
        If the grid is sheared, which CT Image Storage cannot say.
    OutputError
        If a file cannot be written, or the folder holds other files.
    """
    stored = _stored_values(ct)
    if ct.source.is_synthetic:
        series_description = f"{SYNTHETIC} {series_description}"
    common = _series_header(ct, stored, series_description[:64])
    names = [f"slice_{number + 1:04d}.dcm" for number in range(len(stored))]
    _prepare(folder, names)
    for number, name in enumerate(names):
        dataset = _slice(common, ct.grid, number, stored[number])
        write_atomically(
            folder / name,
            partial(_save, dataset),
            partial(_require_written, dataset),
        )
    return tuple(folder / name for name in names)


def _stored_values(ct: CTVolume) -> npt.NDArray[np.int16]:
    if not ct.is_hu:
        raise UsageError(
            "grey levels of a windowed image are no HU and cannot be written as CT. "
            "Write pictures or NIfTI instead."
        )
    if ct.grid.is_sheared:
        raise GeometryError(
            "the grid has no right angles, which a DICOM CT series cannot say. "
            "Write NIfTI instead."
        )
    rounded = np.rint(ct.hu) - INTERCEPT
    limits = np.iinfo(np.int16)
    if not (rounded.min() >= limits.min and rounded.max() <= limits.max):
        raise UsageError(
            f"HU from {ct.hu.min():.0f} to {ct.hu.max():.0f} do not fit into the 16 "
            f"bits of a CT image. Clip them to {limits.max + INTERCEPT} HU first."
        )
    stored = rounded.astype("<i2")
    if ct.padding is not None:
        stored[ct.padding] = PADDING_STORED
    return stored


def _series_header(
    ct: CTVolume, stored: npt.NDArray[np.int16], description: str
) -> Dataset:
    """Elements that all slices share."""
    content = hashlib.sha256(stored.tobytes())
    content.update(ct.grid.affine_lps.tobytes() + description.encode())
    header = _nobody()
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    header.SOPClassUID = CTImageStorage
    header.Modality = "CT"
    header.BodyPartExamined = "CHEST"
    header.Manufacturer = ""
    header.SeriesDescription = description
    header.KVP = None
    header.StudyInstanceUID = _uid("study", content.hexdigest())
    header.SeriesInstanceUID = _uid("series", content.hexdigest())
    header.FrameOfReferenceUID = _uid("frame of reference", content.hexdigest())
    header.SeriesNumber = "1"
    header.AcquisitionNumber = None
    _describe_grid(header, ct.grid)
    _describe_pixels(header)
    if ct.padding is not None:
        header.add_new("PixelPaddingValue", "SS", PADDING_STORED)
    return header


def _nobody() -> Dataset:
    """Elements that must be there to tell of patient and study, without telling."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName = header.PatientID = "Anonymous"
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "written without patient data"
    for keyword in (
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
        "ReferringPhysicianName",
    ):
        setattr(header, keyword, "")
    return header


def _describe_grid(header: Dataset, grid: Grid) -> None:
    row, column = grid.direction_lps[:, 0], grid.direction_lps[:, 1]
    between_slices, between_rows, between_columns = grid.spacing_mm_zyx
    header.ImageOrientationPatient = [_decimal(cosine) for cosine in (*row, *column)]
    header.PixelSpacing = [_decimal(between_rows), _decimal(between_columns)]
    header.SliceThickness = _decimal(between_slices)
    header.PatientPosition = "HFS"
    header.PositionReferenceIndicator = ""
    _, header.Rows, header.Columns = grid.shape


def _describe_pixels(header: Dataset) -> None:
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit = 15
    header.PixelRepresentation = 1
    header.WindowCenter, header.WindowWidth = "-600", "1500"
    header.RescaleIntercept, header.RescaleSlope = str(INTERCEPT), "1"
    header.RescaleType = "HU"


def _slice(
    common: Dataset, grid: Grid, number: int, stored: npt.NDArray[np.int16]
) -> Dataset:
    # Not Dataset(common), which would share the elements with it.
    dataset = Dataset()
    dataset.update(common)
    dataset.SOPInstanceUID = _uid(f"slice {number}", common.SeriesInstanceUID)
    dataset.InstanceNumber = str(number + 1)
    position = grid.world_mm((number, 0, 0))
    dataset.ImagePositionPatient = [_decimal(mm) for mm in position]
    dataset.PixelData = stored.tobytes()
    return dataset


def _save(dataset: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.save_as(path, enforce_file_format=True)


def _require_written(dataset: Dataset, path: Path) -> None:
    written = dcmread(path)
    if written != dataset:
        raise OutputError(
            f"slice {dataset.InstanceNumber} was read back differently from what was "
            "written. Check the disk and save again."
        )


def _prepare(folder: Path, names: list[str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {path.name for path in folder.iterdir()} - set(names)
    except OSError as error:
        raise OutputError(
            f"the folder {folder.name} cannot be made. Choose another."
        ) from error
    if others:
        raise OutputError(
            f"the folder {folder.name} holds {len(others)} other files, which would "
            "mix with the series. Choose an empty folder."
        )


def _decimal(number: float) -> str:
    """Write a number as DICOM decimal string, at most 16 characters."""
    return format_number_as_ds(float(number))


def _uid(what: str, content: str) -> str:
    return generate_uid(entropy_srcs=["covseg", what, content])

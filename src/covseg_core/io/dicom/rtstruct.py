"""Write masks as contours: a DICOM RT Structure Set on the series of their CT."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from covseg_core import __version__
from covseg_core.errors import OutputError
from covseg_core.io.atomic import write_atomically
from covseg_core.io.contours import trace
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.source_series import source_series_of
from covseg_core.io.same_voxels import in_order_of
from covseg_core.io.terminology import classes_of
from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.volume import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.io.dicom.source_series import Reference, SourceSeries
    from covseg_core.io.mask_origin import TracedMask
    from covseg_core.labels import LabelClass
    from covseg_core.volume import CTVolume

__all__ = ["write_rtstruct"]

_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
_SERIES_NUMBER = 9002


def write_rtstruct(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    """Write the classes of masks as regions of closed contours, slice by slice.

    A hole is a contour of its own inside another: what lies within an odd number of
    contours belongs to the region.  Contours run between voxel centres, so volumes
    that another program measures differ by up to half a voxel along the border.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    masks : sequence of TracedMask
        On the voxels of the CT.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM.
    InputRefusedError
        If the CT's files are gone or changed.
    GeometryError
        If a mask does not lie on the voxels of the CT.
    OutputError
        If the file cannot be written; what was at `path` is untouched.
    """
    series = source_series_of(ct)
    with quiet(), config.disable_value_validation():
        document = _document(series, is_synthetic=ct.source.is_synthetic)
        for traced in masks:
            _add_regions(document, series, traced)
        write_atomically(
            path,
            lambda temporary: document.save_as(temporary, enforce_file_format=True),
            lambda temporary: _require_written(temporary, document, path.name),
        )


def _document(series: SourceSeries, *, is_synthetic: bool) -> Dataset:
    now = datetime.now(UTC).astimezone()
    document = Dataset()
    document.update(series.identity)
    document.SOPClassUID = RTStructureSetStorage
    document.SOPInstanceUID = generate_uid()
    document.SeriesInstanceUID = generate_uid()
    document.Modality = "RTSTRUCT"
    document.SeriesNumber = _SERIES_NUMBER
    document.SeriesDescription = (
        f"{SYNTHETIC} " if is_synthetic else ""
    ) + "Lung infection, research use only"
    document.Manufacturer = "covseg"
    document.ManufacturerModelName = "napari-covseg"
    document.SoftwareVersions = __version__
    document.OperatorsName = ""
    document.StructureSetLabel = "LUNG_INFECTION"
    document.StructureSetDate = f"{now:%Y%m%d}"
    document.StructureSetTime = f"{now:%H%M%S}"
    document.FrameOfReferenceUID = series.reference_uid
    document.PositionReferenceIndicator = ""
    document.ApprovalStatus = "UNAPPROVED"
    document.ReferencedFrameOfReferenceSequence = [_frame_of_reference(series)]
    document.StructureSetROISequence = []
    document.ROIContourSequence = []
    document.RTROIObservationsSequence = []
    document.file_meta = FileMetaDataset()
    document.file_meta.MediaStorageSOPClassUID = document.SOPClassUID
    document.file_meta.MediaStorageSOPInstanceUID = document.SOPInstanceUID
    # Explicit VR has no room for a contour of more than 64 KiB of text.
    document.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return document


def _frame_of_reference(series: SourceSeries) -> Dataset:
    images = _item(
        SeriesInstanceUID=series.series_uid,
        ContourImageSequence=[_image(reference) for reference in series.references],
    )
    study = _item(
        ReferencedSOPClassUID=_STUDY_CLASS,
        ReferencedSOPInstanceUID=series.identity.StudyInstanceUID,
        RTReferencedSeriesSequence=[images],
    )
    return _item(
        FrameOfReferenceUID=series.reference_uid, RTReferencedStudySequence=[study]
    )


def _image(reference: Reference) -> Dataset:
    image = _item(
        ReferencedSOPClassUID=reference.sop_class,
        ReferencedSOPInstanceUID=reference.sop_instance,
    )
    if reference.frame is not None:
        image.ReferencedFrameNumber = reference.frame
    return image


def _add_regions(document: Dataset, series: SourceSeries, traced: TracedMask) -> None:
    labels = in_order_of(series.grid, traced.mask.labels, traced.mask.grid)
    has_unknown = bool((labels == UNKNOWN_CLASS).any())
    for label in classes_of(traced.mask.label_set, with_unknown=has_unknown):
        number = len(document.StructureSetROISequence) + 1
        region = _item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=series.reference_uid,
            ROIName=label.title,
            ROIGenerationAlgorithm=traced.origin.algorithm_type,
        )
        seen = _item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType="",
            ROIInterpreter="",
        )
        document.StructureSetROISequence.append(region)
        document.RTROIObservationsSequence.append(seen)
        lines = list(_contours(series, labels == label.value))
        document.ROIContourSequence.append(_outline(label, number, lines))


def _outline(label: LabelClass, number: int, lines: list[Dataset]) -> Dataset:
    outline = _item(
        ROIDisplayColor=[round(255 * part) for part in label.colour],
        ReferencedROINumber=number,
    )
    if lines:
        outline.ContourSequence = lines
    return outline


def _contours(series: SourceSeries, marked: npt.NDArray[np.bool_]) -> Iterator[Dataset]:
    for place in np.flatnonzero(marked.any(axis=(1, 2))).tolist():
        for line in trace(marked[place]):
            points = series.grid.world_mm(np.insert(line, 0, place, axis=1))
            yield _item(
                ContourImageSequence=[_image(series.references[place])],
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(points),
                ContourData=[f"{mm:.4f}" for mm in points.ravel()],
            )


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _require_written(written: Path, document: Dataset, name: str) -> None:
    if dcmread(written) != document:
        raise OutputError(
            f"{name} was read back differently from what was written. "
            "Check the disk and save again; the old file is untouched."
        )

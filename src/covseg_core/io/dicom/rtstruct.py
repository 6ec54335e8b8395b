"""Write masks as contours: a DICOM RT Structure Set on the series of their CT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom import config
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from covseg_core.io.contours import trace
from covseg_core.io.dicom.derived import (
    describe,
    new_object,
    save_object,
    sequence_item,
)
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.source_series import source_series_of
from covseg_core.io.same_voxels import in_order_of
from covseg_core.io.terminology import classes_of
from covseg_core.labels import UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from pydicom.dataset import Dataset

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
        document = _document(series, describe("Lung infection", ct.source))
        for traced in masks:
            _add_regions(document, series, traced)
        save_object(path, document)


def _document(series: SourceSeries, description: str) -> Dataset:
    document = new_object(
        series, RTStructureSetStorage, "RTSTRUCT", _SERIES_NUMBER, description
    )
    document.OperatorsName = ""
    document.StructureSetLabel = "LUNG_INFECTION"
    document.StructureSetDate = document.pop("ContentDate").value
    document.StructureSetTime = document.pop("ContentTime").value
    document.FrameOfReferenceUID = series.reference_uid
    document.PositionReferenceIndicator = ""
    document.ApprovalStatus = "UNAPPROVED"
    document.ReferencedFrameOfReferenceSequence = [_frame_of_reference(series)]
    document.StructureSetROISequence = []
    document.ROIContourSequence = []
    document.RTROIObservationsSequence = []
    # Explicit VR has no room for a contour of more than 64 KiB of text.
    document.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return document


def _frame_of_reference(series: SourceSeries) -> Dataset:
    images = sequence_item(
        SeriesInstanceUID=series.series_uid,
        ContourImageSequence=[_image(reference) for reference in series.references],
    )
    study = sequence_item(
        ReferencedSOPClassUID=_STUDY_CLASS,
        ReferencedSOPInstanceUID=series.identity.StudyInstanceUID,
        RTReferencedSeriesSequence=[images],
    )
    return sequence_item(
        FrameOfReferenceUID=series.reference_uid, RTReferencedStudySequence=[study]
    )


def _image(reference: Reference) -> Dataset:
    image = sequence_item(
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
        region = sequence_item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=series.reference_uid,
            ROIName=label.title,
            ROIGenerationAlgorithm=traced.origin.algorithm_type,
        )
        seen = sequence_item(
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
    outline = sequence_item(
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
            yield sequence_item(
                ContourImageSequence=[_image(series.references[place])],
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(points),
                ContourData=[f"{mm:.4f}" for mm in points.ravel()],
            )

"""Tell highdicom of the series that a segmentation is drawn on, and no more.

It gets headers with what it needs and nothing odd: what other programs write into
theirs makes it fail in many ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from covseg_core.io.dicom.source_series import Reference, SourceSeries

__all__ = ["name_frames", "seg_source"]


def seg_source(series: SourceSeries) -> list[Dataset]:
    """Make the headers of the slices, or of the one file that holds them all.

    Positions are those of the grid, so that masks lie where other formats put them.

    Raises
    ------
    InputRefusedError
        If several files hold many slices each.
    """
    if series.references[0].frame is None:
        return [
            _slice_header(series, place, reference)
            for place, reference in enumerate(series.references)
        ]
    files = {reference.sop_instance for reference in series.references}
    if len(files) > 1:
        raise InputRefusedError(
            f"this scan lies in {len(files)} files of many slices each, to which one "
            "DICOM segmentation cannot refer. Save NIfTI or NRRD."
        )
    return [_file_header(series)]


def name_frames(segmentation: Any, series: SourceSeries) -> None:
    """Say which frame of a file of many slices each frame shows.

    highdicom counts the slices that it was given, which need not be all in the file,
    nor in the same order.
    """
    if series.references[0].frame is None:
        return
    # Segments share these items, and each must be renumbered once.
    sources = {
        id(source): source
        for groups in segmentation.PerFrameFunctionalGroupsSequence
        for source in groups.DerivationImageSequence[0].SourceImageSequence
    }
    for source in sources.values():
        place = int(source.ReferencedFrameNumber) - 1
        source.ReferencedFrameNumber = series.references[place].frame


def _slice_header(series: SourceSeries, place: int, reference: Reference) -> Dataset:
    header = _header(series, reference)
    header.update(_measures(series))
    header.update(_orientation(series))
    header.update(_position(series, place))
    return header


def _file_header(series: SourceSeries) -> Dataset:
    header = _header(series, series.references[0])
    header.NumberOfFrames = len(series.references)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_measures(series)]
    shared.PlaneOrientationSequence = [_orientation(series)]
    header.SharedFunctionalGroupsSequence = [shared]
    header.PerFrameFunctionalGroupsSequence = []
    for place in range(len(series.references)):
        groups = Dataset()
        groups.PlanePositionSequence = [_position(series, place)]
        header.PerFrameFunctionalGroupsSequence.append(groups)
    return header


def _header(series: SourceSeries, reference: Reference) -> Dataset:
    header = Dataset()
    header.update(series.identity)
    header.Modality = "CT"
    header.SOPClassUID = reference.sop_class
    header.SOPInstanceUID = reference.sop_instance
    header.SeriesInstanceUID = series.series_uid
    header.FrameOfReferenceUID = series.reference_uid
    header.PositionReferenceIndicator = ""
    _, header.Rows, header.Columns = series.grid.shape
    return header


def _measures(series: SourceSeries) -> Dataset:
    _, between_rows, between_columns = series.grid.spacing_mm_zyx
    measures = Dataset()
    measures.PixelSpacing = [_decimal(between_rows), _decimal(between_columns)]
    measures.SliceThickness = _decimal(series.thickness_mm)
    return measures


def _orientation(series: SourceSeries) -> Dataset:
    axes = series.grid.direction_lps
    orientation = Dataset()
    orientation.ImageOrientationPatient = [
        _decimal(cosine) for cosine in (*axes[:, 0], *axes[:, 1])
    ]
    return orientation


def _position(series: SourceSeries, place: int) -> Dataset:
    position = Dataset()
    corner = series.grid.world_mm((place, 0, 0))
    position.ImagePositionPatient = [_decimal(mm) for mm in corner]
    return position


def _decimal(number: float) -> str:
    return format_number_as_ds(float(number))

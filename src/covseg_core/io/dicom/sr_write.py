"""Write measurements as a DICOM structured report (TID 1500) on the series of a CT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom import config
from pydicom.uid import generate_uid

from covseg_core import __version__
from covseg_core.errors import UsageError
from covseg_core.io.atomic import misread, write_atomically
from covseg_core.io.dicom.derived import (
    MANUFACTURER,
    MODEL_NAME,
    describe,
    sequence_item,
)
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.seg_reference import SegReference, refer_to_seg
from covseg_core.io.dicom.seg_source import seg_source
from covseg_core.io.dicom.source_series import source_series_of
from covseg_core.io.dicom.sr_codes import (
    COMMENT,
    CT_CHEST,
    PRIVATE_SCHEME,
    PRIVATE_SCHEME_NAME,
)
from covseg_core.io.dicom.sr_groups import coded, make_group
from covseg_core.io.dicom.sr_read import read_sr_measurements
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

    from covseg_core.io.dicom.measurements import MeasurementReport
    from covseg_core.io.dicom.source_series import SourceSeries
    from covseg_core.volume import CTVolume

__all__ = ["write_sr_measurements"]

_SERIES_NUMBER = 9003
_OBSERVER = generate_uid(entropy_srcs=["covseg", "device observer", __version__])
"""One UID for each version of this program."""


def write_sr_measurements(
    path: Path,
    ct: CTVolume,
    report: MeasurementReport,
    segmentation: Path | None = None,
    *,
    reader: str = "",
) -> None:
    """Write measurements as an Enhanced SR, partial and unverified.

    Its first comment says that it is for research only.

    Parameters
    ----------
    path : Path
        The file.
    ct : CTVolume
        As it was read from DICOM, in any order of its voxels.
    report : MeasurementReport
        What to write.
    segmentation : Path or None
        The DICOM segmentation that groups refer to by segment number.
    reader : str
        Name of the person who drew or corrected outlines, as family^given, if it
        shall be told; no name is made up.

    Raises
    ------
    UsageError
        If the CT was not read from DICOM, there is no group, or a group refers to
        a segment that there is not.
    InputRefusedError
        If the CT's files are gone or changed.
    OutputError
        If the file cannot be written; what was at `path` is untouched.
    """
    series = source_series_of(ct)
    with quiet(), config.disable_value_validation():
        seg = None if segmentation is None else refer_to_seg(segmentation)
        _require_segments(report, seg)
        made = _document(series, report, seg, reader)
        made.SeriesDescription = describe("Lung infection measurements", ct.source)
        write_atomically(
            path,
            lambda temporary: made.save_as(temporary),
            lambda temporary: _require_written(temporary, report, path.name),
        )


def _require_segments(report: MeasurementReport, seg: SegReference | None) -> None:
    if not report.groups:
        raise UsageError("there is nothing measured to write; give at least one group.")
    known = set() if seg is None else set(seg.numbers)
    wanted = {group.segment for group in report.groups} - {None}
    if missing := sorted(map(str, wanted - known)):
        raise UsageError(
            f"measurements refer to segment {', '.join(missing)}, but the segmentation "
            f"has {', '.join(map(str, sorted(known))) or 'none'}. Write the "
            "segmentation first and give its file."
        )


def _document(
    series: SourceSeries,
    report: MeasurementReport,
    seg: SegReference | None,
    reader: str,
) -> Any:
    from highdicom.sr import EnhancedSR

    sources = seg_source(series)
    evidence = sources if seg is None else [*sources, _evidence(seg, sources[0])]
    made = EnhancedSR(
        evidence,
        _content(series, report, seg, reader)[0],
        series_instance_uid=generate_uid(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=__version__,
    )
    made.CodingSchemeIdentificationSequence = [
        sequence_item(
            CodingSchemeDesignator=PRIVATE_SCHEME, CodingSchemeName=PRIVATE_SCHEME_NAME
        )
    ]
    return made


def _content(
    series: SourceSeries,
    report: MeasurementReport,
    seg: SegReference | None,
    reader: str,
) -> Any:
    from highdicom.sr import MeasurementReport as Template
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    content = Template(
        _observation_context(reader),
        coded(CT_CHEST),
        [make_group(group, seg, series.series_uid) for group in report.groups],
    )
    for comment in (RESEARCH_ONLY, *report.comments):
        item = TextContentItem(coded(COMMENT), comment, RelationshipTypeValues.CONTAINS)
        content[0].ContentSequence.append(item)
    return content


def _observation_context(reader: str) -> Any:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.ObserverContext(
        codes.DCM.Device,
        sr.DeviceObserverIdentifyingAttributes(
            _OBSERVER, MANUFACTURER, MANUFACTURER, MODEL_NAME
        ),
    )
    if not reader:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(
        codes.DCM.Person, sr.PersonObserverIdentifyingAttributes(reader)
    )
    return sr.ObservationContext(person, device)


def _evidence(seg: SegReference, source: Dataset) -> Dataset:
    return sequence_item(
        SOPClassUID=seg.sop_class,
        SOPInstanceUID=seg.sop_instance,
        SeriesInstanceUID=seg.series_uid,
        StudyInstanceUID=source.StudyInstanceUID,
    )


def _require_written(written: Path, report: MeasurementReport, name: str) -> None:
    found = read_sr_measurements(written)
    comments = (RESEARCH_ONLY, *report.comments)
    if found.groups != report.groups or found.comments != comments:
        raise misread(name)

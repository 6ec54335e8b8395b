"""The series that a CT was read from, for objects that refer to it.

A segmentation belongs into the same patient's record as its CT.  So the patient and
study are copied from the CT's own files, and only into such an object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage, generate_uid

from covseg_core.errors import GeometryError, InputRefusedError, UsageError
from covseg_core.io.dicom.elements import quiet, strings, text
from covseg_core.io.dicom.frames import some_names
from covseg_core.io.dicom.geometry import stack_slices
from covseg_core.io.dicom.headers import CTFile, look_at, sop_class_of
from covseg_core.io.dicom.hounsfield import frames_in_hu
from covseg_core.io.dicom.parse import read_identity
from covseg_core.io.dicom.patient import require_one_patient
from covseg_core.io.dicom.series import make_series
from covseg_core.io.same_voxels import in_order_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt
    from pydicom.dataset import FileDataset

    from covseg_core.io.dicom.frames import Frame
    from covseg_core.volume import CTVolume, Grid, Source

__all__ = ["Reference", "SourceSeries", "require_dicom", "source_series_of"]

_COPIED = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_NEEDED = {
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
}
"""These must be there, if empty."""
_FORMS = {
    "PatientBirthDate": r"\d{8}",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "PatientSex": "[MFO]",
    "PatientAge": r"\d{3}[DWMY]",
    "PatientIdentityRemoved": "YES|NO",
}
"""Values of another form are left out: they would spoil the new object."""


@dataclass(frozen=True)
class Reference:
    """How one slice is referred to.

    Parameters
    ----------
    sop_class, sop_instance : str
        (0008,0016) *SOP Class UID* and (0008,0018) *SOP Instance UID*.
    frame : int or None
        Number of the frame in its file, from 1; None for a file of one slice.
    """

    sop_class: str
    sop_instance: str
    frame: int | None


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """A CT series as its files stand now.

    Parameters
    ----------
    identity : Dataset
        Patient and study, in (0008,0005) *Specific Character Set* ISO_IR 192.
    series_uid, reference_uid : str
        (0020,000E) *Series Instance UID*, (0020,0052) *Frame of Reference UID*.
    grid : Grid
        Of the slices as stored: rows and columns are those of the images.
    thickness_mm : float
        (0018,0050) *Slice Thickness*, or the distance of slices.
    references : tuple of Reference
        One per slice of the grid.
    """

    identity: Dataset
    series_uid: str
    reference_uid: str
    grid: Grid
    thickness_mm: float
    references: tuple[Reference, ...]


def require_dicom(source: Source) -> None:
    """Raise `UsageError` if a CT was not read from DICOM files."""
    if source.kind != "dicom" or not source.paths:
        raise UsageError(
            "this scan was not read from DICOM, so there is no series that a DICOM "
            "mask could belong to. Save NIfTI or NRRD, or open the DICOM series."
        )


def source_series_of(ct: CTVolume) -> SourceSeries:
    """Look up the series of a CT, and make sure that it is still the same.

    UIDs that anonymisation took away are made, the same ones each time.

    Parameters
    ----------
    ct : CTVolume
        In any order of its voxels.

    Raises
    ------
    UsageError
        If it was not read from DICOM.
    InputRefusedError
        If its files are gone, hold another scan than when it was read, or name
        different patients.
    """
    require_dicom(ct.source)
    paths = tuple(map(Path, ct.source.paths))
    require_one_patient(paths)
    with quiet():
        files = _look_at_all(paths)
        series = make_series(files[0].series_key, files)
        try:
            stack = stack_slices(series.frames)
            hu = in_order_of(stack.grid, ct.hu, ct.grid)
        except GeometryError as error:
            raise _changed([paths[0].name]) from error
        if series.uid != ct.source.series_uid:
            raise _changed([paths[0].name])
        _require_same_voxels(stack.frames, hu)
        headers = {path: read_identity(path) for path in paths}
    made = _UidMaker(f"{series.key} {stack.grid.affine_lps.tobytes().hex()}")
    first = headers[stack.frames[0].path]
    return SourceSeries(
        _identity(first, made),
        made.unless_valid(series.uid, "series"),
        made.unless_valid(text(first, "FrameOfReferenceUID"), "frame of reference"),
        stack.grid,
        _thickness_mm(stack.frames, stack.grid),
        tuple(_references(stack.frames, headers, made)),
    )


def _look_at_all(paths: tuple[Path, ...]) -> tuple[CTFile, ...]:
    looks = [look_at(path) for path in paths]
    lost = [
        path.name
        for path, look in zip(paths, looks, strict=True)
        if not isinstance(look, CTFile)
    ]
    if lost:
        raise _changed(lost)
    return tuple(look for look in looks if isinstance(look, CTFile))


def _require_same_voxels(
    frames: tuple[Frame, ...], hu: npt.NDArray[np.float32]
) -> None:
    """Compare the first, the middle and the last slice with the volume in memory."""
    for place in {0, len(frames) // 2, len(frames) - 1}:
        for frame, one in frames_in_hu([frames[place]]):
            if not np.array_equal(one.hu, hu[place]):
                raise _changed([frame.name])


def _changed(names: list[str]) -> InputRefusedError:
    return InputRefusedError(
        "the DICOM files of this scan are gone or no longer those that were opened: "
        f"{some_names(names)}. Open the scan again, or save NIfTI or NRRD."
    )


@dataclass(frozen=True)
class _UidMaker:
    """Makes UIDs that depend on the series and on what they are for."""

    series: str

    def unless_valid(self, uid: str, what: str) -> str:
        if uid and UID(uid).is_valid:
            return uid
        return generate_uid(entropy_srcs=["covseg", what, self.series])


def _identity(header: Dataset, made: _UidMaker) -> Dataset:
    identity = Dataset()
    identity.SpecificCharacterSet = "ISO_IR 192"
    uid = text(header, "StudyInstanceUID")
    identity.StudyInstanceUID = made.unless_valid(uid, "study")
    # A name that breaks a rule of DICOM must still be the name in the record.
    with config.disable_value_validation():
        for keyword in _COPIED:
            value = "\\".join(strings(header, keyword))
            if not re.fullmatch(_FORMS.get(keyword, ".*"), value, re.DOTALL):
                value = ""
            if value or keyword in _NEEDED:
                setattr(identity, keyword, value)
    return identity


def _thickness_mm(frames: tuple[Frame, ...], grid: Grid) -> float:
    said = frames[0].thickness_mm
    return said if said is not None and said > 0 else grid.spacing_mm_zyx[0]


def _references(
    frames: tuple[Frame, ...], headers: Mapping[Path, FileDataset], made: _UidMaker
) -> Iterator[Reference]:
    for frame in frames:
        header = headers[frame.path]
        sop_class = sop_class_of(header) or CTImageStorage
        is_alone = sop_class == CTImageStorage
        what = f"slice {frame.position_mm}" if is_alone else "file of many slices"
        uid = made.unless_valid(text(header, "SOPInstanceUID"), what)
        yield Reference(sop_class, uid, None if is_alone else frame.index + 1)

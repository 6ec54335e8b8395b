"""Read a chest CT from DICOM, or say in one sentence why it cannot be read.

The voxels that come out lie where the scanner measured them, in the order of the
slice normal, in Hounsfield units.  Whatever would make that doubtful is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import GeometryError
from covseg_core.io.dicom.choice import choose_series
from covseg_core.io.dicom.elements import quiet
from covseg_core.io.dicom.frames import some_names
from covseg_core.io.dicom.geometry import Stack, stack_slices
from covseg_core.io.dicom.hounsfield import (
    Hounsfield,
    frames_in_hu,
    load_hounsfield,
    require_rescale,
)
from covseg_core.io.dicom.limits import require_room
from covseg_core.io.dicom.neighbours import slices_elsewhere
from covseg_core.io.dicom.patient import are_of_one_patient
from covseg_core.io.dicom.series import Scan, Series, scan_files
from covseg_core.volume import SYNTHETIC, SYNTHETIC_NOTE, CTVolume, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from covseg_core.io.dicom.frames import Frame

__all__ = ["read_dicom"]


def read_dicom(path: Path, *, series_uid: str | None = None) -> CTVolume:
    """Read one CT series.

    Parameters
    ----------
    path : Path
        A folder, searched with all below it; a DICOMDIR; or one file, which
        stands for its series in its own folder.
    series_uid : str, optional
        Which series to read where there are several, by `SeriesSummary.series_uid`.

    Returns
    -------
    CTVolume
        HU as float32, (Z, Y, X), slices ascending along the cross product of row
        and column direction.  `source` lists what was ignored and what to know.

    Raises
    ------
    SeriesChoiceError
        If there are several CT series and none was asked for.
    GeometryError
        If slices are missing, unevenly spaced, tilted or of several kinds.
    InputRefusedError
        If there is no CT, or its files are damaged or not in HU.
    """
    scan = scan_files(path)
    series = choose_series(scan, series_uid)
    require_room(series.files)
    require_rescale(series.frames)
    stack, elsewhere = _stack(scan, series)
    with quiet():
        voxels = load_hounsfield(stack.frames)
        _require_same_pixels(stack, voxels)
    notes = (*scan.notes, *_notes(series, stack), *voxels.notes, *elsewhere)
    synthetic = any(file.description.startswith(SYNTHETIC) for file in series.files)
    if synthetic:
        notes += (SYNTHETIC_NOTE,)
    return CTVolume(
        hu=voxels.hu,
        grid=stack.grid,
        padding=voxels.padding,
        source=Source(
            kind="dicom",
            paths=tuple(dict.fromkeys(str(frame.path) for frame in stack.frames)),
            series_uid=series.uid,
            ignored=tuple(_ignored(scan, series)),
            notes=notes,
            details=_details(stack.frames),
            is_synthetic=synthetic,
        ),
    )


def _stack(scan: Scan, series: Series) -> tuple[Stack, tuple[str, ...]]:
    """Stack the slices; the second part tells of slices in other series."""
    elsewhere = slices_elsewhere(series.frames, scan.slices_besides(series))
    try:
        stack = stack_slices(series.frames)
    except GeometryError as error:
        if elsewhere:
            raise GeometryError(f"{error} Note: {elsewhere}") from error
        raise
    return stack, (elsewhere,) if elsewhere else ()


def _require_same_pixels(stack: Stack, voxels: Hounsfield) -> None:
    """Refuse two different images of one position; equal ones are harmless."""
    places = {id(frame): place for frame, place in stack.twins}
    for frame, twin in frames_in_hu([frame for frame, _ in stack.twins]):
        place = places[id(frame)]
        if not np.array_equal(twin.hu, voxels.hu[place]):
            kept = stack.frames[place]
            raise GeometryError(
                f"{kept.name} and {frame.name} lie at the same position "
                f"{_position(kept)} mm but differ: {len(stack.twins)} positions hold "
                "two images, such as two phases or kernels. Export one of them."
            )


def _position(frame: Frame) -> str:
    return "(" + ", ".join(f"{mm:.1f}" for mm in frame.position_mm or ()) + ")"


def _notes(series: Series, stack: Stack) -> Iterator[str]:
    if series.localizers:
        yield (
            f"{len(series.localizers)} localizer images of the same series were left "
            f"out: {some_names(list(series.localizers))}"
        )
    if stack.twins:
        names = [frame.name for frame, _ in stack.twins]
        yield f"{len(names)} slices were there twice: {some_names(names)} left out"
    if not are_of_one_patient(dict.fromkeys(frame.path for frame in series.frames)):
        yield "slices name different patients; make sure that they are of one scan"
    yield from series.notes
    yield from stack.notes


def _ignored(scan: Scan, series: Series) -> Iterator[str]:
    yield from (str(look) for look in scan.left_out)
    yield from (f"{name}: localizer" for name in (*scan.localizers, *series.localizers))
    for other in scan.series:
        if other is not series:
            yield f"{len(other.files)} files of another CT series, {other.key}"


def _details(frames: Sequence[Frame]) -> Mapping[str, Any]:
    middle = frames[len(frames) // 2]
    details: dict[str, Any] = {"modality": "CT"}
    if middle.windows:
        details["window_centre"], details["window_width"], _ = middle.windows[0]
    if frames[0].windows:
        details["windows"] = frames[0].windows
    if middle.thickness_mm is not None:
        details["slice_thickness_mm"] = middle.thickness_mm
    return details

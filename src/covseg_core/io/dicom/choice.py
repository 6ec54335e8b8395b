"""Choose one CT series of a folder, or say what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.errors import CovsegError, InputRefusedError, SeriesChoiceError
from covseg_core.io.dicom.frames import some_names
from covseg_core.io.dicom.geometry import stack_slices
from covseg_core.io.dicom.neighbours import slices_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from covseg_core.io.dicom.headers import LeftOut
    from covseg_core.io.dicom.series import Scan, Series

__all__ = ["SeriesSummary", "choose_series", "summarise"]


@dataclass(frozen=True)
class SeriesSummary:
    """One CT series, described for someone who has to choose.

    Parameters
    ----------
    series_uid : str
        What to pass as the choice: the (0020,000E) *Series Instance UID*, or
        ``no-uid-`` and the series number.
    modality : str
        ``CT``.
    description : str
        (0008,103E) *Series Description*; free text, so only for the screen.
    slices : int
        How many images there are.
    shape_zyx : tuple of int, optional
        Shape of the volume, None where the slices make no volume.
    spacing_mm_zyx : tuple of float, optional
        Distance of voxel centres in mm, None where the slices make no volume.
    """

    series_uid: str
    modality: str
    description: str
    slices: int
    shape_zyx: tuple[int, int, int] | None
    spacing_mm_zyx: tuple[float, float, float] | None


def choose_series(scan: Scan, series_uid: str | None) -> Series:
    """Pick the series that is asked for, or the only one.

    Parameters
    ----------
    scan : Scan
        What was found.
    series_uid : str, optional
        `SeriesSummary.series_uid` of the wanted one.

    Raises
    ------
    SeriesChoiceError
        If there are several and none was asked for.
    InputRefusedError
        If there is none, or a damaged file may be one of its slices.
    """
    if series_uid is not None and scan.series:
        series = _series_named(scan, series_uid)
    elif scan.chosen is not None:
        series = _series_of_file(scan, scan.chosen)
    else:
        series = _only_series(scan)
    _refuse_damaged(scan.left_out, series)
    return series


def summarise(series: Series) -> SeriesSummary:
    """Describe a series; shape and spacing are None where it makes no volume."""
    try:
        grid = stack_slices(series.frames).grid
    except CovsegError:
        grid = None
    return SeriesSummary(
        series_uid=series.key,
        modality="CT",
        description=next((f.description for f in series.files if f.description), ""),
        slices=len(series.frames),
        shape_zyx=None if grid is None else grid.shape,
        spacing_mm_zyx=None if grid is None else grid.spacing_mm_zyx,
    )


def _only_series(scan: Scan) -> Series:
    if len(scan.series) == 1:
        return scan.series[0]
    if not scan.series:
        _refuse_damaged(scan.left_out, None)
        raise InputRefusedError(_nothing_found(scan))
    summaries = tuple(summarise(one) for one in scan.series)
    raise SeriesChoiceError(
        f"{len(summaries)} CT series are here; choose one by its UID: "
        f"{_listed(summaries)}.{_hint_at_lost_slices(scan)}",
        summaries,
    )


def _refuse_damaged(left_out: Iterable[LeftOut], series: Series | None) -> None:
    """Refuse when a damaged file is, or may be, a slice of the series."""
    damaged = [
        look
        for look in left_out
        if look.may_be_ct and (series is None or look.series_key in ("", series.key))
    ]
    if damaged:
        more = f" {len(damaged) - 1} more files are like it." if damaged[1:] else ""
        raise InputRefusedError(
            f"{damaged[0].name} may be a slice of the scan but cannot be used: "
            f"{damaged[0].reason.rstrip('.')}. "
            f"Copy it again or take it out of the folder.{more}"
        )


def _series_of_file(scan: Scan, path: Path) -> Series:
    for series in scan.series:
        if any(frame.path == path for frame in series.frames):
            return series
    reasons = [look.reason for look in scan.left_out if look.name == path.name]
    reason = reasons[0] if reasons else "a localizer, not a slice of a scan"
    raise InputRefusedError(
        f"{path.name} cannot be read as CT: {reason.rstrip('.')}. "
        "Choose a slice of a CT series."
    )


def _series_named(scan: Scan, series_uid: str) -> Series:
    for series in scan.series:
        if series.key == series_uid:
            return series
    there = ", ".join(series.key for series in scan.series)
    raise InputRefusedError(
        f"no CT series here has the UID that was asked for. There are: {there}."
    )


def _nothing_found(scan: Scan) -> str:
    if scan.localizers:
        count = len(scan.localizers)
        return f"only {count} localizer images are here. Choose the folder of the scan."
    if scan.left_out:
        seen = some_names([str(look) for look in scan.left_out])
        return f"no CT slices are here, only {seen}. Choose the folder of the scan."
    return "the folder is empty. Choose the folder of the scan."


def _listed(summaries: Iterable[SeriesSummary]) -> str:
    return "; ".join(f"{one.series_uid} ({one.slices} slices)" for one in summaries)


def _hint_at_lost_slices(scan: Scan) -> str:
    hints = (
        hint
        for series in scan.series
        if (hint := slices_elsewhere(series.frames, scan.slices_besides(series)))
    )
    return next((f" Beware: {hint}" for hint in hints), "")

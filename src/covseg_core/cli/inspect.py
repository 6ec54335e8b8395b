"""`covseg inspect`: what would be loaded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.cli.output import say, say_json
from covseg_core.errors import SeriesChoiceError
from covseg_core.io import read_ct

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume

__all__ = ["inspect"]


def inspect(
    input: Path,  # noqa: A002 - the contract's word
    /,
    *,
    series: str | None = None,
    json: bool = False,
) -> None:
    """Tell what would be loaded from a scan, or why it is refused.

    Parameters
    ----------
    input
        DICOM folder, file or DICOMDIR, or NIfTI file.
    series
        Series Instance UID, where there are several.
    json
        Print one JSON document.
    """
    try:
        ct = read_ct(input, series_uid=series)
    except SeriesChoiceError as error:
        _say_choice(error, json)
        raise
    document = describe(ct)
    if json:
        say_json(document)
    else:
        _say_text(document)


def describe(ct: CTVolume) -> dict[str, Any]:
    """Describe a loaded CT in plain values."""
    measured = ct.measured_hu
    grid = ct.grid
    return {
        "shape_zyx": grid.shape,
        "spacing_mm_zyx": grid.spacing_mm_zyx,
        "origin_lps_mm": grid.origin_lps_mm,
        "direction_lps": grid.direction_lps.tolist(),
        "hu_min": float(measured.min()) if measured.size else None,
        "hu_max": float(measured.max()) if measured.size else None,
        "hu_mean": float(measured.mean(dtype="f8")) if measured.size else None,
        "series_uid": ct.source.series_uid,
        "is_hu": ct.is_hu,
        "ignored": list(ct.source.ignored),
        "notes": list(ct.source.notes),
    }


def _say_text(document: dict[str, Any]) -> None:
    for key, value in document.items():
        if isinstance(value, list) and key in ("ignored", "notes"):
            say(f"{key:16}{len(value) or 'none'}")
            for line in value:
                say(f"  - {line}")
        else:
            say(f"{key:16}{value if value != '' else '-'}")


def _say_choice(error: SeriesChoiceError, json: bool) -> None:
    series = [asdict(summary) for summary in error.series]  # type: ignore[call-overload]
    if json:
        say_json({"series": series})
        return
    for one in series:
        say(
            f"{one['series_uid']}  {one['modality']}  {one['slices']} slices  "
            f"{one['spacing_mm_zyx']}  {one['description']}"
        )

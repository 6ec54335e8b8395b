"""Write what a reader wants to hand on, in the child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from covseg_core.io.mask_formats import FORMATS, FormatName
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.same_voxels import in_order_of, turned_onto
from covseg_core.volume import LesionMask, LungMask
from napari_covseg._convert import mask_from_layer
from napari_covseg._files.lungs import lungs_of_scan
from napari_covseg._files.read_scan import Reading

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from covseg_core.inference.progress import Progress
    from covseg_core.severity.report import SeverityStep
    from covseg_core.volume import CTVolume, Grid, LobeMask

__all__ = [
    "Content",
    "Drawn",
    "ExportWish",
    "Exported",
    "ReportName",
    "Writing",
    "export",
]

Content: TypeAlias = Literal["mask", "lungs", "both", "report"]
ReportName: TypeAlias = Literal["pdf", "html", "json", "csv", "dicom"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A mask as it is on screen, copied so that it may be painted on meanwhile.

    Parameters
    ----------
    labels : ndarray of uint8, shape (Z, Y, X)
        In the standard orientation.
    metadata : Mapping
        Of its layer.
    origin : MaskOrigin
        Who drew it.
    """

    labels: npt.NDArray[np.uint8]
    metadata: Mapping[str, Any]
    origin: MaskOrigin


@dataclass(frozen=True, eq=False)
class ExportWish:
    """What to write, and where.

    Parameters
    ----------
    path : Path
        The file; of a DICOM report, the folder of its files.
    content : {"mask", "lungs", "both", "report"}
        What goes into it.
    format_name : str
        One of `mask_formats.FORMATS`, or the format of a report.
    ct : CTVolume
        The scan, in the standard orientation.
    grid : Grid
        The scan's, as it was read; files are written on it.
    mask : Drawn or None
        None if only the lungs are wanted.
    lungs : LungMask or None
        Found if they are needed and not known.
    lobes : LobeMask or None
        In the standard orientation; reports score by them.
    """

    path: Path
    content: Content
    format_name: FormatName | ReportName
    ct: CTVolume
    grid: Grid
    mask: Drawn | None
    lungs: LungMask | None
    lobes: LobeMask | None = None


@dataclass(frozen=True)
class Writing(Reading):
    """From here on nothing can be stopped, but nothing takes long."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    paths : tuple of Path
        The files, the chosen one first.
    volumes_ml : dict of str to float
        Volume of each kind of mask, by its name on screen.
    """

    paths: tuple[Path, ...]
    volumes_ml: dict[str, float]


def export(
    wish: ExportWish,
) -> Generator[Reading | Progress | SeverityStep, None, Exported]:
    """Write a mask, the lungs, both or a report.

    Yields
    ------
    Reading, Progress or SeverityStep
        Before each stage.

    Raises
    ------
    CovsegError
        If a mask or the lungs are refused, or the file cannot be written; what was
        there is untouched.
    """
    found: list[TracedMask] = []
    if wish.mask is not None and wish.content != "lungs":
        mask = mask_from_layer(wish.mask.labels, wish.mask.metadata)
        found.append(TracedMask(mask, wish.mask.origin))
    if wish.content != "mask":
        found.append((yield from _lungs(wish)))
    paths: tuple[Path, ...] = (wish.path,)
    if wish.content == "report":
        paths = yield from _write_report(wish, *found)
    else:
        yield Writing(f"Writing {wish.path.name}")
        FORMATS[cast("FormatName", wish.format_name)].write(wish.path, wish.ct, found)
    return Exported(paths, dict(map(_volume, found)))


def _lungs(wish: ExportWish) -> Generator[Progress, None, TracedMask]:
    """Give the lungs on the grid that was read."""
    lungs = wish.lungs
    if lungs is None:
        lungs = yield from lungs_of_scan(wish.ct)
    there = turned_onto(lungs, wish.grid)
    return TracedMask(there, MaskOrigin.of_lungs(there))


def _write_report(
    wish: ExportWish, traced: TracedMask, lungs: TracedMask
) -> Generator[Reading | SeverityStep, None, tuple[Path, ...]]:
    from covseg_core.reports.severity.facts import (
        ReportFacts,
        SeverityCase,
        words_on_lungs,
    )
    from covseg_core.reports.severity.write import write_reports
    from covseg_core.severity.report import report_steps

    case = SeverityCase(
        wish.ct,
        LesionMask(_on(wish.ct, traced), wish.ct.grid, traced.mask.label_set),
        LungMask(_on(wish.ct, lungs), wish.ct.grid, source=lungs.mask.source),
    )
    steps = report_steps(
        wish.ct, case.lesions, case.lungs, lobes=wish.lobes, finer=True
    )
    report = yield from steps
    facts = ReportFacts.of(case, traced.origin, words_on_lungs(case.lungs))
    if wish.format_name != "dicom":
        yield Writing(f"Writing {wish.path.name}")
        write_reports([wish.path], case, report, facts)
        return (wish.path,)
    from covseg_core.reports.severity.as_pdf import pdf_of
    from covseg_core.reports.severity.dicom_report import (
        DicomExtras,
        write_dicom_report,
    )

    masks = [
        TracedMask(case.lesions, traced.origin),
        TracedMask(case.lungs, lungs.origin),
    ]
    yield Reading("Drawing the pages")
    extras = DicomExtras(pdf=pdf_of(case, report, facts))
    yield Writing(f"Writing {wish.path.name}")
    return write_dicom_report(wish.path, wish.ct, masks, report, extras).paths


def _on(ct: CTVolume, traced: TracedMask) -> npt.NDArray[np.uint8]:
    return in_order_of(ct.grid, traced.mask.labels, traced.mask.grid)


def _volume(traced: TracedMask) -> tuple[str, float]:
    kind = "lungs" if isinstance(traced.mask, LungMask) else "infection"
    return kind, sum(traced.mask.volumes_ml.values())

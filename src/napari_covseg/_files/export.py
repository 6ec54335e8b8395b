"""Write what a reader wants to hand on, in the child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from covseg_core.io.mask_formats import FORMATS, FormatName
from covseg_core.io.mask_origin import LUNGS_FOUND, MaskOrigin, TracedMask
from covseg_core.io.same_voxels import in_order_of
from covseg_core.volume import LesionMask, LungMask
from napari_covseg._convert import mask_from_layer
from napari_covseg._files.read_scan import Reading

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, Grid

__all__ = [
    "Content",
    "Drawn",
    "ExportWish",
    "Exported",
    "Writing",
    "export",
    "report_picture",
]

Content: TypeAlias = Literal["mask", "lungs", "both", "report"]


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
        The file; of a report, the one that ends in ``.json``.
    content : {"mask", "lungs", "both", "report"}
        What goes into it.
    format_name : str
        One of `mask_formats.FORMATS`; of no account for a report.
    ct : CTVolume
        The scan, in the standard orientation.
    grid : Grid
        The scan's, as it was read; files are written on it.
    mask : Drawn or None
        None if only the lungs are wanted.
    lungs : LungMask or None
        Found if they are needed and not known.
    """

    path: Path
    content: Content
    format_name: FormatName
    ct: CTVolume
    grid: Grid
    mask: Drawn | None
    lungs: LungMask | None


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


def export(wish: ExportWish) -> Generator[Reading, None, Exported]:
    """Write a mask, the lungs, both or a report.

    Yields
    ------
    Reading
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
    yield Writing(f"Writing {wish.path.name}")
    if wish.content == "report":
        paths = _write_report(wish, *found)
    else:
        FORMATS[wish.format_name].write(wish.path, wish.ct, found)
        paths = (wish.path,)
    return Exported(paths, dict(map(_volume, found)))


def report_picture(path: Path) -> Path:
    """Name the picture that lies beside a report."""
    return path.with_suffix(".png")


def _lungs(wish: ExportWish) -> Generator[Reading, None, TracedMask]:
    """Give the lungs on the grid that was read."""
    lungs = wish.lungs
    if lungs is None:
        from covseg_core.transforms.lungs import find_lungs

        yield Reading("Finding the lungs")
        lungs = find_lungs(wish.ct)
    labels = in_order_of(wish.grid, lungs.labels, lungs.grid)
    # Lungs from a file may have been drawn by anybody.
    origin = LUNGS_FOUND if lungs.source.kind == "memory" else MaskOrigin("edited")
    return TracedMask(LungMask(labels, wish.grid, source=lungs.source), origin)


def _write_report(
    wish: ExportWish, traced: TracedMask, lungs: TracedMask
) -> tuple[Path, ...]:
    from covseg_core.inference.manifest import describe_mask
    from covseg_core.io.atomic import write_json
    from covseg_core.reports.overlay import write_overlay

    standard = wish.ct.grid
    mask, sides = (
        in_order_of(standard, each.mask.labels, each.mask.grid)
        for each in (traced, lungs)
    )
    lesions = LesionMask(mask, standard, traced.mask.label_set)
    lung_mask = LungMask(sides, standard, source=lungs.mask.source)
    document = describe_mask(wish.ct, TracedMask(lesions, traced.origin), lung_mask)
    picture = report_picture(wish.path)
    write_overlay(picture, wish.ct, lesions, lung_mask)
    write_json(wish.path, document)
    return wish.path, picture


def _volume(traced: TracedMask) -> tuple[str, float]:
    kind = "lungs" if isinstance(traced.mask, LungMask) else "infection"
    return kind, sum(traced.mask.volumes_ml.values())

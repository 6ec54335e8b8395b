"""Write what a model imagines of a scan, each synthetic file marked as such."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from covseg_core.cases.synthetic import WHATIF
from covseg_core.errors import OutputError
from covseg_core.inference.progress import Progress
from covseg_core.inference.stitch import (
    difference_of,
    paint,
    paint_and_vary,
    vary_severity,
)
from covseg_core.io.atomic import write_json
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.labels import Tissue
from covseg_core.transforms.fingerprint import hash_ct, hash_mask
from covseg_core.transforms.orient import Orientation
from covseg_core.volume import SYNTHETIC, CTVolume, LabelVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.inference.config import StitchSettings
    from covseg_core.inference.imagined import WhatIf
    from covseg_core.volume import Grid

__all__ = [
    "Wish",
    "describe_wish",
    "free_folder",
    "names_of",
    "stored_as",
    "write_whatif",
]

LABELS = "tissue.nii.gz", "lesions.nii.gz"
STITCHED = "painted", "severity", "stitched"
_Made: TypeAlias = CTVolume | LabelVolume


@dataclass(frozen=True, eq=False)
class Wish:
    """What to stitch besides the styles: a painted lesion, another severity.

    Parameters
    ----------
    stitching : StitchSettings
        How.
    mask : LabelVolume, optional
        Where to paint, on the scan's grid.
    tissue : Tissue or None
        What to paint there; if None, the values of the mask are tissues.
    severity : float, optional
        As for `stitch.vary_severity`.
    together : bool
        Make one scan that shows both, in place of one each.
    """

    stitching: StitchSettings
    mask: LabelVolume | None = None
    tissue: Tissue | None = Tissue.GGO
    severity: float | None = None
    together: bool = False

    @property
    def stems(self) -> tuple[str, ...]:
        """What the stitched scans are called."""
        stems = (("painted", self.mask), ("severity", self.severity))
        wanted = tuple(stem for stem, given in stems if given is not None)
        return ("stitched",) if self.together and len(wanted) > 1 else wanted


def stored_as(whatif: WhatIf, grid: Grid) -> WhatIf:
    """Put what was imagined of a scan in standard orientation onto its own grid.

    Parameters
    ----------
    whatif : WhatIf
        Of a scan in standard orientation.
    grid : Grid
        The same voxels as they were read.
    """

    def undo(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.ascontiguousarray(Orientation(grid).undo(array))

    ct, lungs, lesions = whatif.ct, whatif.lungs, whatif.lesions
    padding = None if ct.padding is None else undo(ct.padding)
    return replace(
        whatif,
        ct=replace(ct, hu=undo(ct.hu), grid=grid, padding=padding),
        lungs=replace(lungs, labels=undo(lungs.labels), grid=grid),
        lesions=replace(lesions, labels=undo(lesions.labels), grid=grid),
    )


def describe_wish(wish: Wish) -> dict[str, Any]:
    """Tell what was stitched, as plain values for JSON."""
    painted: str | list[str] | None = None
    if wish.mask is not None:
        painted = _tissues_in(wish.mask) if wish.tissue is None else _key(wish.tissue)
    stitching = wish.stitching.model_dump() | {"severity": wish.severity}
    return {"painted": painted, "stitching": stitching}


def free_folder(parent: Path, stem: str = "whatif") -> Path:
    """Name a folder that is not there yet: the stem, or ``stem-2`` and so on."""
    number, folder = 1, parent / stem
    while folder.exists():
        number += 1
        folder = parent / f"{stem}-{number}"
    return folder


def names_of(folder: Path, wish: Wish) -> list[Path]:
    """List the files that will be written, or removed as those of an earlier run."""
    names = [_synthetic(stem) for stem in (*map(_key, Tissue), "reconstruction")]
    names += [*_stitched_names(wish.stems), *LABELS, WHATIF]
    return [*(folder / name for name in names), *_earlier(folder)]


def write_whatif(
    folder: Path, whatif: WhatIf, wish: Wish, manifest: dict[str, Any]
) -> Generator[Progress, None, dict[str, Any]]:
    """Write all images, then ``whatif.json``, and return what that holds.

    Yields
    ------
    Progress
        Before every file.  Nothing is written before all could be made.
    """
    made = _styles(whatif) | _stitched(whatif, wish) | _labels(whatif)
    _begin(folder)
    hashes: dict[str, str] = {}
    for name, make in made.items():
        yield Progress("Writing", len(hashes), len(made))
        hashes[name] = _write(folder / name, make())
    document = manifest | {"files": hashes}
    write_json(folder / WHATIF, document)
    return document


def _begin(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # An earlier run's list must not stand beside other files, nor its files alone.
        for path in (*_earlier(folder), folder / WHATIF):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder.name!r} could not be made: {error.strerror}. "
            "Choose another one."
        ) from error


def _earlier(folder: Path) -> list[Path]:
    """List the stitched scans of an earlier run; all else of it is written anew."""
    try:
        listed = json.loads((folder / WHATIF).read_text("utf-8"))["files"]
        names = [name for name in _stitched_names(STITCHED) if name in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [folder / name for name in names]


def _stitched_names(stems: tuple[str, ...]) -> list[str]:
    each = ((stem, f"{stem}_difference") for stem in stems)
    return [_synthetic(stem) for pair in each for stem in pair]


def _styles(whatif: WhatIf) -> dict[str, Callable[[], _Made]]:
    """Name the images that are as large as the scan; each is made when written."""
    made: dict[str, Callable[[], _Made]] = {
        _synthetic(_key(tissue)): partial(whatif.style, tissue) for tissue in Tissue
    }
    made[_synthetic("reconstruction")] = lambda: whatif.reconstruction
    return made


def _stitched(whatif: WhatIf, wish: Wish) -> dict[str, Callable[[], _Made]]:
    made: dict[str, Callable[[], _Made]] = {}
    for stem in wish.stems:
        scan = _make(stem, whatif, wish)
        made[_synthetic(stem)] = partial(_itself, scan)
        made[_synthetic(f"{stem}_difference")] = partial(difference_of, scan, whatif)
    return made


def _make(stem: str, whatif: WhatIf, wish: Wish) -> CTVolume:
    mask, severity, how = wish.mask, wish.severity, wish.stitching
    if mask is None or stem == "severity":
        return vary_severity(whatif, 1 if severity is None else severity, how)
    if stem == "painted" or severity is None:
        return paint(whatif, mask, wish.tissue, how)
    return paint_and_vary(whatif, mask, wish.tissue, severity, how)


def _labels(whatif: WhatIf) -> dict[str, Callable[[], _Made]]:
    tissue, lesions = LABELS
    return {tissue: lambda: whatif.tissue_map, lesions: lambda: whatif.lesions}


def _write(path: Path, made: _Made) -> str:
    """Write one image and return the hash of its voxels."""
    if isinstance(made, CTVolume):
        write_nifti_ct(path, made)
        return hash_ct(made)
    write_nifti_labels(path, made)
    return hash_mask(made)


def _tissues_in(mask: LabelVolume) -> list[str]:
    found = np.unique(mask.labels)
    return [_key(tissue) for tissue in Tissue if tissue and tissue in found]


def _key(tissue: Tissue) -> str:
    return tissue.name.lower()


def _synthetic(stem: str) -> str:
    return f"{SYNTHETIC}_{stem}.nii.gz"


def _itself(scan: CTVolume) -> CTVolume:
    return scan

"""Write what a model imagines of a scan, each synthetic file marked as such."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from covseg_core.cases.synthetic import WHATIF
from covseg_core.inference.predict import Progress
from covseg_core.inference.stitch import difference_of, paint, vary_severity
from covseg_core.io.atomic import write_json
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.labels import Tissue
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import SYNTHETIC, CTVolume, LabelVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from covseg_core.inference.config import StitchSettings
    from covseg_core.inference.whatif import WhatIf

__all__ = ["Wish", "names_of", "write_whatif"]

LABELS = "tissue.nii.gz", "lesions.nii.gz"
_Made: TypeAlias = CTVolume | LabelVolume


@dataclass(frozen=True, eq=False)
class Wish:
    """What to stitch besides the styles: a painted lesion, another severity."""

    stitching: StitchSettings
    mask: LabelVolume | None = None
    tissue: Tissue = Tissue.GGO
    severity: float | None = None


def names_of(folder: Path, painted: bool, varied: bool) -> list[Path]:
    """List the files that will be written."""
    stems = [*(tissue.name.lower() for tissue in Tissue), "reconstruction"]
    for stem, wanted in (("painted", painted), ("severity", varied)):
        stems += [stem, f"{stem}_difference"] if wanted else []
    names = [*(_synthetic(stem) for stem in stems), *LABELS, WHATIF]
    return [folder / name for name in names]


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
    # A list of an earlier run must not stand beside other files.
    (folder / WHATIF).unlink(missing_ok=True)
    hashes: dict[str, str] = {}
    for name, make in made.items():
        yield Progress("Writing", len(hashes), len(made))
        hashes[name] = _write(folder / name, make())
    document = manifest | {"files": hashes}
    write_json(folder / WHATIF, document)
    return document


def _styles(whatif: WhatIf) -> dict[str, Callable[[], _Made]]:
    """Name the images that are as large as the scan; each is made when written."""
    made: dict[str, Callable[[], _Made]] = {
        _synthetic(tissue.name.lower()): partial(whatif.style, tissue)
        for tissue in Tissue
    }
    made[_synthetic("reconstruction")] = lambda: whatif.reconstruction
    return made


def _stitched(whatif: WhatIf, wish: Wish) -> dict[str, Callable[[], _Made]]:
    made: dict[str, Callable[[], _Made]] = {}
    stitched: dict[str, CTVolume] = {}
    if wish.mask is not None:
        stitched["painted"] = paint(whatif, wish.mask, wish.tissue, wish.stitching)
    if wish.severity is not None:
        stitched["severity"] = vary_severity(whatif, wish.severity, wish.stitching)
    for stem, scan in stitched.items():
        made[_synthetic(stem)] = partial(_itself, scan)
        made[_synthetic(f"{stem}_difference")] = partial(difference_of, scan, whatif)
    return made


def _labels(whatif: WhatIf) -> dict[str, Callable[[], _Made]]:
    tissue, lesions = LABELS
    return {tissue: lambda: whatif.tissue_map, lesions: lambda: whatif.lesions}


def _write(path: Path, made: _Made) -> str:
    """Write one image and return the hash of its voxels."""
    if isinstance(made, CTVolume):
        write_nifti_ct(path, made)
        return hash_ct(made)
    write_nifti_labels(path, made)
    return hash_ct(CTVolume(made.labels.astype(np.float32), made.grid))


def _synthetic(stem: str) -> str:
    return f"{SYNTHETIC}_{stem}.nii.gz"


def _itself(scan: CTVolume) -> CTVolume:
    return scan

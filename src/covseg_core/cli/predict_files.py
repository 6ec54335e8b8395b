"""The files of a run: what lies beside a mask, and whether covseg wrote it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.cli.output import refuse_foreign_json
from covseg_core.errors import OutputError, UsageError
from covseg_core.io.mask_formats import stem_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "beside",
    "manifest_of",
    "manifests_with",
    "read_manifest",
    "refuse_foreign",
    "remove_earlier",
]


def beside(mask: Path, ending: str) -> Path:
    """Name a file after a mask: ``mask.nii.gz`` and ``.json`` give ``mask.json``."""
    return mask.with_name(stem_of(mask.name) + ending)


def manifest_of(mask: Path) -> Path:
    """Name the manifest of a mask."""
    return beside(mask, ".json")


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest of `covseg predict`; empty if this is none."""
    with suppress(OSError, UsageError, ValueError):
        refuse_foreign_json(path)
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document.get("labels"), dict):
            return document
    return {}


def manifests_with(files: Iterable[Path]) -> list[Path]:
    """List the manifests of `covseg predict` that lie beside masks or maps."""
    found = []
    for path in filter(Path.is_file, files):
        stem = stem_of(path.name).removesuffix(".npy")
        names = {f"{stem}.json", f"{stem.removesuffix('_prob')}.json"}
        found += [path.with_name(name) for name in names]
    return list(filter(read_manifest, found))


def refuse_foreign(mask: Path, endings: Iterable[str]) -> None:
    """Raise `UsageError` if files of another program would lie among those of a run.

    Parameters
    ----------
    mask : Path
        What will be written.
    endings : iterable of str
        Of the maps that a run may write beside it.
    """
    manifest = manifest_of(mask)
    refuse_foreign_json(manifest)
    if read_manifest(manifest):
        return
    for path in (beside(mask, ending) for ending in endings):
        if path.exists():
            raise UsageError(
                f"{path.name!r} is there already without a manifest of covseg; move it "
                "away, or give another name or folder after -o."
            )


def remove_earlier(mask: Path, endings: Iterable[str]) -> None:
    """Remove what an earlier run left beside a mask, its manifest last.

    As long as a map is there, the manifest says that it is covseg's.  What has a
    manifest of its own is the mask of another scan, and stays.

    Raises
    ------
    OutputError
        If a file cannot be removed.
    """
    manifest = manifest_of(mask)
    if not read_manifest(manifest):
        return
    maps = (beside(mask, ending) for ending in endings)
    left = [path for path in maps if not read_manifest(manifest_of(path))]
    for path in (*left, manifest):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path.name!r} of an earlier run could not be removed: "
                f"{error.strerror}. Give another name or folder after -o."
            ) from error

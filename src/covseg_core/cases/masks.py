"""Put masks into a case: each under a number of its own, none ever replaced.

A mask is written whole, described in a hidden file beside it, given its name and
only then recorded.  A writer that is stopped in between leaves a mask that the next
writer records from that description.
"""

from __future__ import annotations

import gzip
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from covseg_core.cases.disk import place_file, read_text, sha256_of
from covseg_core.cases.record import MASK_FILE, CaseRecord, MaskVersion, revised, stated
from covseg_core.cases.seal import require_seal, seal, unsealed
from covseg_core.errors import InputRefusedError
from covseg_core.io.atomic import write_text
from covseg_core.io.nifti import read_nifti_labels
from covseg_core.io.nifti_checks import grid_of, layout_of, parse_header
from covseg_core.labels import INFECTION, LESIONS, UNKNOWN_CLASS
from covseg_core.volume import CTVolume, Grid, LesionMask

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "add_unrecorded",
    "fitted",
    "forget_descriptions",
    "place_mask",
    "read_mask",
    "stored_grid",
    "unrecorded",
]

LABELS = {LESIONS.name: LESIONS, INFECTION.name: INFECTION}
_HEADER_BYTES = 540
_FOUND = "recorded late: its writer was stopped"


def stored_grid(path: Path) -> Grid:
    """Read where the voxels of a ``.nii.gz`` lie, from a file known to be whole."""
    with gzip.open(path) as stream:
        header = parse_header(stream.read(_HEADER_BYTES))
    grid, _ = grid_of(header, layout_of(header).shape)
    return grid


def fitted(mask: LesionMask, grid: Grid) -> LesionMask:
    """Check a mask and put it on the very grid of its CT.

    Raises
    ------
    GeometryError
        If it does not lie on the CT.
    InputRefusedError
        If it holds other values than those of its classes and
        `labels.UNKNOWN_CLASS`.
    """
    if mask.label_set.name not in LABELS:
        raise InputRefusedError(
            f"a mask of {mask.label_set.name} is none of infection; give one with "
            f"the labels {' or '.join(LABELS)}."
        )
    # Only the grid of the CT counts here, so its voxels take no memory.
    mask.require_on(CTVolume(np.broadcast_to(np.float32(0), grid.shape), grid))
    allowed = (0, *mask.label_set.values, UNKNOWN_CLASS)
    wrong = sorted(set(np.unique(mask.labels).tolist()) - set(allowed))
    if wrong:
        raise InputRefusedError(
            f"the mask holds the values {', '.join(map(str, wrong[:5]))}; a mask of "
            f"{mask.label_set.name} may hold only {', '.join(map(str, allowed))}."
        )
    return replace(mask, grid=grid)


def read_mask(path: Path, label_set: str) -> LesionMask:
    """Read a stored mask.

    Raises
    ------
    InputRefusedError
        If it is damaged or holds other values.
    """
    mask = read_nifti_labels(path, LABELS[label_set], allow_unknown=True)
    return LesionMask(mask.labels, mask.grid, mask.label_set, mask.source)


def place_mask(
    masks: Path, temporary: Path, record: CaseRecord, facts: dict[str, Any]
) -> CaseRecord:
    """Give a written mask the next number.

    Parameters
    ----------
    masks : Path
        Folder of the case's masks.
    temporary : Path
        The written mask, in that folder.
    record : CaseRecord
        Of the case, which knows every mask that there is.
    facts : dict
        Fields of `MaskVersion` but for number, file, hash and `beside`.

    Returns
    -------
    CaseRecord
        With the new version last; the caller writes it.

    Raises
    ------
    InputRefusedError
        If the case has no mask of the parent's number.
    UsageError
        If a fact is wrong; names it.
    """
    version = _numbered(masks, sha256_of(temporary), record, facts)
    write_text(_description(masks, version.file), seal(version.model_dump(mode="json")))
    place_file(temporary, masks / version.file)
    return revised(record, versions=(*record.versions, version))


def forget_descriptions(masks: Path, record: CaseRecord) -> None:
    """Remove the hidden descriptions of masks that are recorded by now."""
    for version in record.versions:
        with suppress(OSError):
            _description(masks, version.file).unlink()


def unrecorded(masks: Path, record: CaseRecord) -> tuple[str, ...]:
    """List the masks that have a number and no record, in order of their names."""
    recorded = {version.file for version in record.versions}
    numbers = {version.number for version in record.versions}
    names = sorted(path.name for path in masks.iterdir())
    return tuple(
        name
        for name in names
        if name not in recorded
        and (match := re.fullmatch(MASK_FILE, name))
        and int(match[1]) not in numbers
    )


def add_unrecorded(masks: Path, record: CaseRecord, grid: Grid) -> CaseRecord:
    """Take in the masks whose writers were stopped before they could record them.

    What is no mask on the grid of the CT is left for `verify` to report.
    """
    for name in unrecorded(masks, record):
        try:
            version = _described(masks, name) or _guessed(masks, name)
            fitted(read_mask(masks / name, version.label_set), grid)
        except InputRefusedError:
            continue
        if all(version.number != other.number for other in record.versions):
            record = revised(record, versions=(*record.versions, version))
    return record


def _numbered(
    masks: Path, sha256: str, record: CaseRecord, facts: dict[str, Any]
) -> MaskVersion:
    parent = facts["parent"]
    if parent is not None:
        record.version(parent)
    number = _next_number(masks, record)
    siblings = (one for one in record.versions if one.parent == parent)
    derived = {
        "number": number,
        "file": f"v{number:04d}_{facts['source']}.nii.gz",
        "sha256": sha256,
        "beside": () if parent is None else tuple(one.number for one in siblings),
    }
    return stated(MaskVersion, facts | derived)


def _next_number(masks: Path, record: CaseRecord) -> int:
    on_disk = (re.match(r"v(\d{4,8})_", path.name) for path in masks.iterdir())
    taken = [int(match[1]) for match in on_disk if match]
    return 1 + max(
        [*taken, *(version.number for version in record.versions)], default=0
    )


def _description(masks: Path, file: str) -> Path:
    return masks / f".{file.removesuffix('.nii.gz')}.json"


def _described(masks: Path, name: str) -> MaskVersion | None:
    """Read what the writer of a mask meant to record, None if that is not known."""
    path = _description(masks, name)
    try:
        document, found = unsealed(read_text(path, path.name), path.name)
        require_seal(document, found, path.name)
        version = MaskVersion.model_validate(document)
    except (InputRefusedError, ValidationError):
        return None
    if version.file != name or version.sha256 != sha256_of(masks / name):
        return None
    return revised(version, note=f"{version.note} ({_FOUND})".strip())


def _guessed(masks: Path, name: str) -> MaskVersion:
    """Describe a mask by its name alone."""
    number, source = name.removesuffix(".nii.gz").removeprefix("v").split("_")
    return MaskVersion.model_validate(
        {
            "number": int(number),
            "file": name,
            "sha256": sha256_of(masks / name),
            "label_set": LESIONS.name,
            "source": source,
            "note": f"({_FOUND}; its labels are taken for lesions)",
            "created_utc": "",
        }
    )

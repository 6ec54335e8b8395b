"""iCTCF, also HUST-19: slices of 1521 patients, without masks.

W. Ning et al., Nature Biomedical Engineering 4, 2020.  Folders ``Patient 1/CT`` and
on with JPEG slices, and ``NiCT``, ``pCT`` and ``nCT`` with single slices: without
lung, with infection and without infection.

Verified in programs that read them: the three folders and names such as
``nCT1.jpg``.  Not verified: the folders of the patients.  The three folders do not
say whose slices they hold, so all of theirs go into one split, the training.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import find_root, list_pictures, public_id
from covseg_core.collections.pictures import empty_mask
from covseg_core.io.images import read_picture_ct

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions

__all__ = ["list_cases"]

NON_INFORMATIVE, POSITIVE, NEGATIVE = "NiCT", "pCT", "nCT"
_EXPECTED = '"Patient N/CT/*.jpg", or slices in NiCT, pCT and nCT,'
_NOTES = {
    NON_INFORMATIVE: "shows no lung",
    POSITIVE: "shows infection, which nobody outlined",
    NEGATIVE: "shows no infection, so the mask is empty",
}


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the sorted slices, then those of the patients.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise.
    """
    patients = tuple(path.name for path in _patients(folder))
    wanted = (POSITIVE, NEGATIVE, NON_INFORMATIVE, *patients)
    root = find_root(folder, _EXPECTED, wanted)
    kinds = [NEGATIVE, POSITIVE]
    if options.with_non_informative:
        kinds.append(NON_INFORMATIVE)
    listed = [case for kind in kinds for case in _sorted_slices(root, kind)]
    for path in _patients(root):
        listed += _patient_slices(path)
    return tuple(listed)


def _patients(folder: Path) -> list[Path]:
    """List the folders of patients by their numbers."""
    inner = folder.iterdir() if folder.is_dir() else ()
    found = (path for path in inner if _number(path) is not None)
    return sorted(found, key=lambda path: _number(path) or 0)


def _number(path: Path) -> int | None:
    match = re.fullmatch(r"Patient[ _]?(\d+)", path.name, flags=re.I)
    return int(match[1]) if match and (path / "CT").is_dir() else None


def _sorted_slices(root: Path, kind: str) -> list[ListedCase]:
    listed = []
    for stem, path in list_pictures(root / kind).items():
        name = public_id("ictcf", kind, stem)
        listed.append(ListedCase(name, partial(_sorted_slice, name, kind, path)))
    return listed


def _sorted_slice(name: str, kind: str, path: Path) -> CollectedCase:
    ct = read_picture_ct(path)
    lesions = empty_mask(ct) if kind == NEGATIVE else None
    return CollectedCase(name, name, ct, lesions, split="train", note=_NOTES[kind])


def _patient_slices(folder: Path) -> list[ListedCase]:
    patient = f"ictcf patient {_number(folder)}"
    listed = []
    for stem, path in list_pictures(folder / "CT").items():
        name = public_id("ictcf", f"patient-{_number(folder)}", stem)
        listed.append(ListedCase(name, partial(_patient_slice, name, patient, path)))
    return listed


def _patient_slice(name: str, patient: str, path: Path) -> CollectedCase:
    return CollectedCase(name, patient, read_picture_ct(path))

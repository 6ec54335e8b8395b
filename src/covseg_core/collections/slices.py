"""Pictures of your own with masks of the same names.

Folders ``images`` (PNG, JPEG or BMP in a lung window, upright) and optionally
``masks`` (PNG or BMP whose grey levels are labels); a picture may lack its mask.
``patients.csv`` with the columns name and patient tells which pictures are of one
patient; else each name is a patient, and one that comes again in a later import is the
same.  A name may be a person's, so cases are numbered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.layout import (
    find_root,
    list_pictures,
    patients_of,
    require_no_strangers,
)
from covseg_core.collections.pictures import read_label_mask
from covseg_core.io.images import read_picture_ct

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.collections.options import ReadOptions

__all__ = ["list_cases"]

_EXPECTED = "images/*.png or *.jpg with masks/*.png of the same names"


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the pictures.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise, or a mask or a row of ``patients.csv``
        has no picture.
    """
    root = find_root(folder, _EXPECTED, ("images",))
    images, masks = list_pictures(root / "images"), list_pictures(root / "masks")
    require_no_strangers(images, masks)
    patients = patients_of(folder, root, images)
    listed = []
    for number, (stem, image) in enumerate(images.items(), 1):
        patient = patients.get(stem) or f"file {stem}"
        load = partial(_case, patient, image, masks.get(stem), options.labels)
        listed.append(ListedCase(f"picture {number}", load))
    return tuple(listed)


def _case(
    patient: str, image: Path, mask: Path | None, label_set: str
) -> CollectedCase:
    ct = read_picture_ct(image)
    lesions = None if mask is None else read_label_mask(mask, ct, label_set)
    return CollectedCase(None, patient, ct, lesions)

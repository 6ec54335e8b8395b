"""COVID-SemiSeg: the pictures that Inf-Net was trained and tested on.

D.-P. Fan et al., IEEE Transactions on Medical Imaging 39(8), 2020.  Folders::

    TrainingSet / LungInfection - Train / Doctor - label / {Imgs, GT, Edge}
    TrainingSet / LungInfection - Train / Pseudo - label / {Imgs, GT, Edge}
    TrainingSet / MultiClassInfection - Train / {Imgs, GT, Prior}
    TestingSet / LungInfection - Test / {Imgs, GT}
    TestingSet / MultiClassInfection - Test / {Imgs, GT, Prior}

Verified in the authors' repository: these folders, ``Imgs/6.jpg`` with ``GT/6.png``,
the same numbers in the masks of one and of two classes, and pseudo-labelled names
such as ``Data-1_coronacases_org_001_10.jpg``.  The colours of the two classes are
those that its code splits.  Who the patients of the numbered slices are is not known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covseg_core.collections.case import CollectedCase, ListedCase
from covseg_core.collections.covid19_ct_seg import patient_of
from covseg_core.collections.layout import (
    find_root,
    list_pictures,
    public_id,
    require_no_strangers,
)
from covseg_core.collections.pictures import (
    read_binary_mask,
    read_colour_mask,
)
from covseg_core.errors import InputRefusedError
from covseg_core.io.images import read_picture_ct

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covseg_core.cases.record import Split
    from covseg_core.collections.options import ReadOptions
    from covseg_core.volume import CTVolume, LesionMask

__all__ = ["list_cases"]

PREFIX = "semiseg"
PSEUDO = "TrainingSet/LungInfection-Train/Pseudo-label"
# Two classes before one: of a slice that has both masks, the richer one is taken.
LABELLED: tuple[tuple[str, Split, Callable[[Path, CTVolume], LesionMask]], ...] = (
    ("TrainingSet/MultiClassInfection-Train", "train", read_colour_mask),
    ("TrainingSet/LungInfection-Train/Doctor-label", "train", read_binary_mask),
    ("TestingSet/MultiClassInfection-Test", "held-out", read_colour_mask),
    ("TestingSet/LungInfection-Test", "held-out", read_binary_mask),
)
_EXPECTED = "TrainingSet and TestingSet with LungInfection-*/Imgs and GT"
_NOTE = "patient unknown: slices of one may be in the published train and test sets"
_PSEUDO_NOTE = "not outlined by a reader"
_PSEUDO_MODEL = "Semi-Inf-Net, published pseudo-label"


def list_cases(folder: Path, options: ReadOptions) -> tuple[ListedCase, ...]:
    """Find the labelled slices, then the pseudo-labelled ones.

    The published split is kept; the test set is held out.

    Raises
    ------
    InputRefusedError
        If the folder is laid out otherwise, or an image or mask lacks the other.
    """
    places = (PSEUDO, *(place for place, _, _ in LABELLED))
    root = find_root(folder, _EXPECTED, tuple(f"{place}/Imgs" for place in places))
    found: dict[str, ListedCase] = {}
    for place, split, read_mask in LABELLED:
        images, masks = _pairs(root / place)
        for stem, image in images.items():
            name = public_id(PREFIX, "train" if split == "train" else "test", stem)
            load = partial(_labelled, name, image, masks[stem], split, read_mask)
            found.setdefault(name, ListedCase(name, load))
    return (*found.values(), *_pseudo(root / PSEUDO, options.with_pseudo_labels))


def _pairs(place: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    images, masks = list_pictures(place / "Imgs"), list_pictures(place / "GT")
    require_no_strangers(images, masks)
    missing = [path.name for stem, path in images.items() if stem not in masks]
    if missing:
        raise InputRefusedError(
            f"{len(missing)} images of {place.name}/Imgs have no mask in GT, "
            f"{missing[0]} first. Unpack the whole download again."
        )
    return images, masks


def _labelled(
    name: str,
    image: Path,
    mask: Path,
    split: Split,
    read_mask: Callable[[Path, CTVolume], LesionMask],
) -> CollectedCase:
    ct = read_picture_ct(image)
    return CollectedCase(
        name, name, ct, lesions=read_mask(mask, ct), split=split, note=_NOTE
    )


def _pseudo(place: Path, with_masks: bool) -> tuple[ListedCase, ...]:
    if with_masks:
        images, masks = _pairs(place)
    else:
        images, masks = list_pictures(place / "Imgs"), {}
    listed = []
    for stem, image in images.items():
        name = public_id(PREFIX, "pseudo", stem)
        load = partial(_pseudo_labelled, name, image, masks.get(stem))
        listed.append(ListedCase(name, load))
    return tuple(listed)


def _pseudo_labelled(name: str, image: Path, mask: Path | None) -> CollectedCase:
    ct = read_picture_ct(image)
    return CollectedCase(
        name,
        # That collection holds the same scans.
        patient_of(image.stem) or name,
        ct,
        lesions=None if mask is None else read_binary_mask(mask, ct),
        split="train",
        note=_PSEUDO_NOTE,
        source="model",
        model=None if mask is None else _PSEUDO_MODEL,
    )

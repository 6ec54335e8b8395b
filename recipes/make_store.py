"""Put the collections that the bundled models learn from into a case store.

    python recipes/make_store.py --data DIR --store STORE [--every 3]

DIR holds the collections as `recipes/sources.py` reads them.  Slices 40-49, the MedSeg
volumes 02 and 06 and the healthy scan 104 are held out; slices 36-39 and volume 08
validate.  Of the unlabelled slices every third is taken, as neighbours are alike.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sources import (
    HEALTHY_CASES,
    MEDSEG_CASES,
    healthy_case,
    labelled_slices,
    medseg_case,
)

from covseg_core.cases.store import CaseStore
from covseg_core.io.images import list_slices, read_picture_ct
from covseg_core.volume import CTVolume, Grid, LesionMask, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.volume import LungMask

MEDSEG, MEDSEG_LICENCE = "MedSeg COVID-19 CT", "CC BY-NC-SA 4.0"
LCTSC, LCTSC_LICENCE = "LCTSC, no infection", "CC BY 3.0"
CORONACASES = "coronacases.org, patients 001-005, without masks"
HELD_OUT, VALIDATION = {"02", "06", "104"}, {"08"}


def main() -> None:
    """Fill the store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--every", type=int, default=3)
    options = parser.parse_args()
    store = CaseStore.create(options.store)
    for name, ct, lesions, lungs, facts in every_case(options.data):
        store.add_case(ct, case_id=name, patient=name, lungs=lungs, **facts)
        store.add_mask(name, lesions, source="manual")
        store.set_state(name, "done")
        print(name)
    pictures = list_slices(options.data / "slices_unlabelled")[:: options.every]
    for path in pictures:
        store.add_case(
            read_picture_ct(path),
            patient=path.stem,
            split="train",
            collection=CORONACASES,
            licence=MEDSEG_LICENCE,
        )
    print(f"{len(pictures)} slices without masks")


def every_case(
    data: Path,
) -> Iterator[tuple[str, CTVolume, LesionMask, LungMask | None, dict[str, str]]]:
    """Give name, scan, lesions, lungs and what else is known of every labelled case."""
    for number, (grey, labels) in enumerate(labelled_slices(data)):
        grid = Grid.from_spacing((1, *grey.shape), (1.0, 1.0, 1.0))
        ct = CTVolume(
            grey[None].astype(np.float32), grid, is_hu=False, source=Source("images")
        )
        split = (
            "held-out" if number >= 40 else "validation" if number >= 36 else "train"
        )
        facts = {"split": split, "collection": MEDSEG, "licence": MEDSEG_LICENCE}
        yield f"slice-{number:02d}", ct, LesionMask(labels[None], grid), None, facts
    for number in MEDSEG_CASES:
        case = medseg_case(data, number)
        facts = {
            "split": split_of(number),
            "collection": MEDSEG,
            "licence": MEDSEG_LICENCE,
        }
        yield f"medseg-{number}", case.ct, case.lesions, case.lungs, facts
    for number in HEALTHY_CASES:
        case = healthy_case(data, number)
        facts = {
            "split": split_of(number),
            "collection": LCTSC,
            "licence": LCTSC_LICENCE,
        }
        yield f"lctsc-{number}", case.ct, case.lesions, case.lungs, facts


def split_of(number: str) -> str:
    """Choose the split of a volume."""
    if number in HELD_OUT:
        return "held-out"
    return "validation" if number in VALIDATION else "train"


if __name__ == "__main__":
    main()

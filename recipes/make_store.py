"""Put the collections that the bundled models learn from into a case store.

    python recipes/make_store.py --data DIR --store STORE [--every 3]

DIR holds the collections as `recipes/sources.py` reads them.  Every case is there to
learn from; `recipes/folds.py` says which of them a cross-validation holds out.  Of the
unlabelled slices every third is taken, as neighbours are alike.  What the store has
already is left as it is, so that a run that was cut short can go on.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from running import run_recipe
from sources import (
    HEALTHY_CASES,
    MEDSEG_CASES,
    Case,
    healthy_case,
    labelled_slices,
    medseg_case,
    patient_of,
)

from covseg_core.cases.store import CaseStore
from covseg_core.io.images import list_slices, read_picture_ct
from covseg_core.volume import CTVolume, Grid, LesionMask, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEDSEG = {"collection": "MedSeg COVID-19 CT", "licence": "CC BY-NC-SA 4.0"}
LCTSC = {"collection": "LCTSC, no infection", "licence": "CC BY 3.0"}
CORONACASES = {
    "collection": "coronacases.org, patients 001-005, without masks",
    "licence": "CC BY-NC-SA 4.0",
}


def main() -> None:
    """Fill the store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--every", type=int, default=3)
    options = parser.parse_args()
    store = CaseStore.create(options.store)
    for name, facts, read in labelled_cases(options.data):
        if not store.has(name) or store.read(name).state != "done":
            print(name, flush=True)
            add_labelled(store, name, read(), facts)
    pictures = list_slices(options.data / "slices_unlabelled")[:: options.every]
    for path in pictures:
        if not store.has(path.stem):
            # Files are called after patient and slice, such as case001_017.
            patient = path.stem.partition("_")[0]
            add(store, path.stem, read_picture_ct(path), CORONACASES, patient=patient)
    print(f"{len(pictures)} slices without masks")


def labelled_cases(
    data: Path,
) -> Iterator[tuple[str, dict[str, str], Callable[[], Case]]]:
    """Give the id of every labelled case, where it comes from, and what reads it."""
    for number, pair in enumerate(labelled_slices(data)):
        name = f"slice-{number:02d}"
        yield name, MEDSEG, partial(_picture_case, name, *pair)
    for which in MEDSEG_CASES:
        yield f"medseg-{which}", MEDSEG, partial(medseg_case, data, which)
    for which in HEALTHY_CASES:
        yield f"lctsc-{which}", LCTSC, partial(healthy_case, data, which)


def add_labelled(
    store: CaseStore, name: str, case: Case, facts: dict[str, str]
) -> None:
    """Add a case and its mask, whichever of them is not there."""
    if not store.has(name):
        add(store, name, case.ct, facts, patient=patient_of(name), lungs=case.lungs)
    if not store.read(name).versions:
        store.add_mask(name, case.lesions, source="manual")
    store.set_state(name, "done")


def add(
    store: CaseStore, name: str, ct: CTVolume, facts: dict[str, str], **more: Any
) -> None:
    """Add a scan to learn from."""
    known: dict[str, Any] = {**facts, **more}
    store.add_case(ct, case_id=name, split="train", **known)


def _picture_case(name: str, grey: np.ndarray, labels: np.ndarray) -> Case:
    grid = Grid.from_spacing((1, *grey.shape), (1.0, 1.0, 1.0))
    pixels = grey[None].astype(np.float32)
    ct = CTVolume(pixels, grid, is_hu=False, source=Source("images"))
    return Case(name, ct, LesionMask(labels[None], grid), None)


if __name__ == "__main__":
    run_recipe(main)

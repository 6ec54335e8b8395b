"""Outline the pictures that nobody has outlined, for the next model to learn from.

    python recipes/pseudo_labels.py --store STORE --to NEW --model NAME --lungs NAME

NEW is a copy of STORE in which every second picture without a mask gets one of a
model, as `recipes/wide_pictures.py` says.  A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from running import run_recipe
from wide_pictures import WidePictureLabeller

from covseg_core.cases.store import CaseStore
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of

if TYPE_CHECKING:
    from covseg_core.cases.record import CaseRecord


def main() -> None:
    """Copy the store and label its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True, help="store to make")
    parser.add_argument("--model", required=True, help="that outlines infection")
    parser.add_argument("--lungs", required=True, help="model that finds the lungs")
    parser.add_argument(
        "--every", type=int, default=2, help="take one picture of so many"
    )
    options = parser.parse_args()
    model, lungs = (
        load_model(find_model(name)) for name in (options.model, options.lungs)
    )
    labeller = WidePictureLabeller(model, PseudoSettings(), lungs=lungs)
    store = copy_store(options.store, options.to)
    unread = unread_pictures(store)[:: options.every]
    done = [result_of(labeller.label_case(store, name)).result for name in unread]
    print(f"{len(done)} pictures, {done.count('labelled')} of them labelled now")


def copy_store(store: Path, to: Path) -> CaseStore:
    """Copy a case store, unless that was done before."""
    if not to.exists():
        half = to.with_name(f".{to.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(store, half)
        half.rename(to)
    return CaseStore(to)


def unread_pictures(store: CaseStore) -> list[str]:
    """List the pictures that no reader has outlined, by their ids."""
    return [
        record.case_id
        for record in store.list_cases()
        if not _is_read(record) and store.grid(record.case_id).shape[0] == 1
    ]


def _is_read(record: CaseRecord) -> bool:
    return any(version.source != "model" for version in record.versions)


if __name__ == "__main__":
    run_recipe(main)

"""The slices of a run: prepared once from the cases of its manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.cases.freeze import FrozenCase
from covseg_core.inference.lungs import lungs_of
from covseg_core.labels import INFECTION, LESIONS, LUNGS, UNKNOWN_CLASS
from covseg_core.models import ARCHITECTURES
from covseg_core.severity.lung_sides import told_apart
from covseg_core.steps import result_of
from covseg_core.training.data import TrainingSlices, slices_of_volume, tissue_mask
from covseg_core.training.devices import is_first_process
from covseg_core.training.slice_cache import SliceWriter, open_slices
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from covseg_core.cases.freeze import FrozenScan
    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.plan import RunPlan

__all__ = [
    "Prepared",
    "prepare_cases",
    "prepare_once",
]


@dataclass(frozen=True)
class Prepared:
    """How many cases have been made ready.

    Parameters
    ----------
    done, total : int
        Cases.
    """

    done: int
    total: int


def prepare_cases(
    store: CaseReader, cases: Sequence[FrozenScan], plan: RunPlan, folder: Path
) -> Generator[Prepared, None, tuple[TrainingSlices, tuple[str, ...]]]:
    """Make the slices of some cases ready, or open them if they are.

    Parameters
    ----------
    store : CaseReader
        That the cases lie in.
    cases : sequence of FrozenScan
        Of the manifest, with masks or without; not empty.
    plan : RunPlan
        Says how slices are prepared.
    folder : Path
        Where they are kept.

    Yields
    ------
    Prepared
        Before every case and at the end.

    Returns
    -------
    tuple
        The slices, and for each the id of its case.

    Raises
    ------
    InputRefusedError
        If a file of the store was changed or no lungs are found.
    """
    parts = [(case.case_id, partial(_slices_of, store, case, plan)) for case in cases]
    return (yield from prepare_once(parts, folder, _key(cases, plan)))


def prepare_once(
    parts: Sequence[tuple[str, Callable[[], TrainingSlices]]], folder: Path, key: str
) -> Generator[Prepared, None, tuple[TrainingSlices, tuple[str, ...]]]:
    """Make slices ready, one part after the other, or open them if they are.

    Where several processes train together, only the first one makes them.

    Parameters
    ----------
    parts : sequence of tuple
        The name of each, and what makes its slices.
    folder : Path
        Where they are kept.
    key : str
        What they are made from and how.

    Yields
    ------
    Prepared
        Before every part and at the end.

    Returns
    -------
    tuple
        The slices, and for each the name of its part.
    """
    found = open_slices(folder, key)
    if found is None and is_first_process():
        with SliceWriter(folder, key) as writer:
            for number, (name, make) in enumerate(parts):
                yield Prepared(number, len(parts))
                writer.add(name, make())
        found = open_slices(folder, key)
    yield Prepared(len(parts), len(parts))
    if found is None:
        raise RuntimeError("slices that the first process was to write are not there")
    return found


def _slices_of(store: CaseReader, case: FrozenScan, plan: RunPlan) -> TrainingSlices:
    ct = store.ct(case.case_id)
    prepare = plan.card.prepare
    lungs = known = store.lungs(case.case_id)
    if lungs is not None and plan.card.label_set == LUNGS.name:
        return slices_of_volume(ct, told_apart(lungs), lungs, prepare)
    if lungs is None and prepare.crop == "lungs" and not ct.is_picture:
        lungs = result_of(lungs_of(ct))
    lesions = None
    if isinstance(case, FrozenCase):
        mask = store.mask(case.case_id, case.version)
        lesions = _as_wanted(mask, plan.card.label_set)
        # A reader's lesions fill the gaps that a threshold leaves in the lungs.
        known = lungs
    if lesions is None or ARCHITECTURES[plan.card.architecture].learns_tissues:
        lesions = tissue_mask(lesions, known, ct.grid)
    return slices_of_volume(ct, lesions, lungs, prepare)


def _as_wanted(mask: LesionMask, label_set: str) -> LesionMask:
    """Tell a network for two classes that a mask without them is of unknown class."""
    if label_set == INFECTION.name or mask.is_multi:
        return mask
    labels = np.where(mask.labels > 0, UNKNOWN_CLASS, 0).astype(np.uint8)
    return LesionMask(labels, mask.grid, LESIONS)


def _key(cases: Sequence[FrozenScan], plan: RunPlan) -> str:
    parts = [case.model_dump_json() for case in cases]
    parts += [plan.card.prepare.model_dump_json(), plan.card.label_set]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""The slices of a run: prepared once from the cases of its manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from covseg_core.labels import INFECTION, LESIONS, UNKNOWN_CLASS
from covseg_core.training.data import TrainingSlices, slices_of_volume
from covseg_core.training.slice_cache import SliceWriter, open_slices
from covseg_core.transforms.lungs import find_lungs
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.plan import RunPlan

__all__ = ["Prepared", "prepare_cases", "rehearsed_weights"]


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
    store: CaseReader, cases: Sequence[FrozenCase], plan: RunPlan, folder: Path
) -> Generator[Prepared, None, tuple[TrainingSlices, tuple[str, ...]]]:
    """Make the slices of some cases ready, or open them if they are.

    Parameters
    ----------
    store : CaseReader
        That the cases lie in.
    cases : sequence of FrozenCase
        Of the manifest; not empty.
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
    key = _key(cases, plan)
    found = open_slices(folder, key)
    if found is None:
        with SliceWriter(folder, key) as writer:
            for number, case in enumerate(cases):
                yield Prepared(number, len(cases))
                writer.add(case.case_id, _slices_of(store, case, plan))
        found = open_slices(folder, key)
    yield Prepared(len(cases), len(cases))
    if found is None:
        raise RuntimeError("slices that were just written are not there")
    return found


def rehearsed_weights(
    data: TrainingSlices, cases: Sequence[str], old: frozenset[str], share: float
) -> torch.Tensor:
    """Weigh slices so that old cases make up a share of what is drawn.

    Parameters
    ----------
    data : TrainingSlices
        What is drawn from.
    cases : sequence of str
        The case of every slice.
    old : frozenset of str
        Cases that the parent has learnt from already.
    share : float
        Of the drawn slices, in [0, 1).

    Returns
    -------
    Tensor of float, shape (N,)
        The weights of `data` if all or none of the cases are old.
    """
    is_old = torch.tensor([case in old for case in cases])
    if is_old.all() or not is_old.any():
        return data.weights
    total = {flag: data.weights[is_old == flag].sum() for flag in (True, False)}
    factors = torch.where(is_old, share / total[True], (1 - share) / total[False])
    return data.weights * factors * len(data)


def _slices_of(store: CaseReader, case: FrozenCase, plan: RunPlan) -> TrainingSlices:
    ct = store.ct(case.case_id)
    mask = store.mask(case.case_id, case.version)
    prepare = plan.card.prepare
    lungs = None
    if prepare.crop == "lungs" and not ct.is_picture:
        lungs = store.lungs(case.case_id) or find_lungs(ct)
    lesions = _as_wanted(mask, plan.card.label_set)
    return slices_of_volume(ct, lesions, lungs, prepare)


def _as_wanted(mask: LesionMask, label_set: str) -> LesionMask:
    """Tell a network for two classes that a mask without them is of unknown class."""
    if label_set == INFECTION.name or mask.is_multi:
        return mask
    labels = np.where(mask.labels > 0, UNKNOWN_CLASS, 0).astype(np.uint8)
    return LesionMask(labels, mask.grid, LESIONS)


def _key(cases: Sequence[FrozenCase], plan: RunPlan) -> str:
    parts = [case.model_dump_json() for case in cases]
    parts += [plan.card.prepare.model_dump_json(), plan.card.label_set]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

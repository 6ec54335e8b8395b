"""The slices of a run in rounds: the true ones, and pseudo-labels as they come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import torch

from covseg_core.learn.drawing import evened, with_share
from covseg_core.learn.slices import Prepared, prepare_cases
from covseg_core.training.data import TrainingSlices, join

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.rounds.plan import RoundsPlan
    from covseg_core.learn.rounds.standing import Round

__all__ = ["RoundsData"]

Slices: TypeAlias = tuple[TrainingSlices, tuple[str, ...]]


class RoundsData:
    """Slices to learn from and to validate on, prepared once each.

    Parameters
    ----------
    store : CaseReader
        That all cases lie in.
    plan : RoundsPlan
        Says which are outlined, and how slices are prepared.
    folder : Path
        Where prepared slices are kept.
    """

    validation: TrainingSlices | None = None

    def __init__(self, store: CaseReader, plan: RoundsPlan, folder: Path) -> None:
        self._store, self._plan, self._folder = store, plan, folder
        self._true: list[Slices] = []
        self._pseudo: list[Slices] = []

    def add_true(self) -> Generator[Prepared, None, None]:
        """Prepare the cases that a person outlined; yields before every one."""
        manifest = self._plan.manifest
        self._true = [(yield from self._prepare(manifest.of_split("train"), "train"))]
        judges = manifest.of_split("validation")
        if judges:
            self.validation, _ = yield from self._prepare(judges, "validation")

    def add_round(self, done: Round) -> Generator[Prepared, None, None]:
        """Prepare what a round labelled; yields before every case."""
        cases = [each.case for each in done.taken]
        if cases:
            made = yield from self._prepare(cases, f"round-{done.number:04d}")
            self._pseudo.append(made)

    @property
    def true(self) -> TrainingSlices:
        """Slices that a person outlined."""
        return self._evened(self._true)

    @property
    def pseudo(self) -> TrainingSlices:
        """Slices with pseudo-labels; there must be a round."""
        return self._evened(self._pseudo)

    @property
    def both(self) -> TrainingSlices:
        """All slices, the true ones weighed to the share of `rehearsal`."""
        slices = self._evened(self._true + self._pseudo)
        is_true = torch.arange(len(slices)) < self.true_slices
        share = self._plan.settings.rehearsal
        return replace(slices, weights=with_share(slices.weights, is_true, share))

    @property
    def true_slices(self) -> int:
        """How many slices a person outlined."""
        return sum(len(ids) for _, ids in self._true)

    @property
    def pseudo_slices(self) -> int:
        """How many slices have pseudo-labels."""
        return sum(len(ids) for _, ids in self._pseudo)

    def _prepare(
        self, cases: Sequence[FrozenCase], name: str
    ) -> Generator[Prepared, None, Slices]:
        return (
            yield from prepare_cases(
                self._store, cases, self._plan, self._folder / name
            )
        )

    def _evened(self, parts: list[Slices]) -> TrainingSlices:
        """Join slices; scans of many are drawn less often, as `evenness` says."""
        slices = join([part for part, _ in parts])
        cases = [case for _, ids in parts for case in ids]
        weights = evened(slices.weights, cases, self._plan.settings.evenness)
        return replace(slices, weights=weights)

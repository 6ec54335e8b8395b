"""The slices of a run in rounds: the true ones, and pseudo-labels as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from covseg_core.learn.slices import Prepared, prepare_cases, rehearsed_weights
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
        return _joined(self._true)[0]

    @property
    def pseudo(self) -> TrainingSlices:
        """Slices with pseudo-labels; there must be a round."""
        return _joined(self._pseudo)[0]

    @property
    def both(self) -> TrainingSlices:
        """All slices, the true ones weighed to the share of `rehearsal`."""
        slices, ids = _joined(self._true + self._pseudo)
        true = frozenset(case for part in self._true for case in part[1])
        share = self._plan.settings.rehearsal
        weights = rehearsed_weights(slices, ids, true, share)
        return TrainingSlices(slices.pixels, slices.labels, weights)

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


def _joined(parts: Sequence[Slices]) -> Slices:
    if len(parts) == 1:
        return parts[0]
    ids = tuple(case for part in parts for case in part[1])
    return join([part[0] for part in parts]), ids

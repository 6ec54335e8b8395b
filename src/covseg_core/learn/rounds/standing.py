"""Where a run in rounds stands, and how that is kept between rounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from covseg_core.cases.freeze import FrozenCase
from covseg_core.io.atomic import write_text
from covseg_core.settings import Settings
from covseg_core.training.checkpoint import Checkpoints
from covseg_core.training.trainee import Best

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from covseg_core.learn.rounds.plan import Queued

__all__ = ["ROUNDS_LOG", "Kept", "Memory", "Round", "Standing", "Taken", "next_group"]

ROUNDS_LOG = "rounds.jsonl"


class Taken(Settings):
    """A pseudo-label that is learnt from."""

    case: FrozenCase
    confidence: float
    slices: int


class Round(Settings):
    """One round: what the weights of that hash labelled.

    `unsure` and `dropped` are cases: those go to the end of the queue, and these may
    or can not be labelled any more.
    """

    number: int
    weights_sha256: str
    taken: tuple[Taken, ...] = ()
    unsure: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def group(self) -> tuple[str, ...]:
        """All cases that were looked at."""
        taken = tuple(each.case.case_id for each in self.taken)
        return taken + self.unsure + self.dropped


class Standing(Settings):
    """What was done and what waits.

    `fruitless` counts scans that were looked at, one after the other, without one
    being taken; `last_stages` the finished stages after the rounds; `epochs` all
    passes; `best_stage` names the stage of the best validation score.
    """

    rounds: tuple[Round, ...] = ()
    waiting: tuple[str, ...] = ()
    fruitless: int = 0
    last_stages: int = 0
    epochs: int = 0
    best_stage: str = ""

    @classmethod
    def at_start(cls, queue: Sequence[Queued]) -> Standing:
        """Let every scan of a queue wait."""
        return cls(waiting=tuple(each.case_id for each in queue))

    @property
    def rounds_are_over(self) -> bool:
        """Whether none waits, or a whole pass over those that wait took none."""
        return self.fruitless >= len(self.waiting)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """All pseudo-labels, in the order of rounds."""
        return tuple(each for one in self.rounds for each in one.taken)

    @property
    def stages(self) -> int:
        """How many rounds and stages are finished."""
        return len(self.rounds) + self.last_stages

    def after_round(self, done: Round) -> Standing:
        """Move on after a round."""
        rest = tuple(one for one in self.waiting if one not in done.group)
        fruitless = 0 if done.taken else self.fruitless + len(done.unsure)
        return self.model_copy(
            update={
                "rounds": (*self.rounds, done),
                "waiting": rest + done.unsure,
                "fruitless": fruitless,
            }
        )


def next_group(
    waiting: Sequence[str], queue: Sequence[Queued], size: int
) -> tuple[str, ...]:
    """Take cases from the front until they have `size` slices; a volume goes whole."""
    slices = {each.case_id: each.slices for each in queue}
    group: list[str] = []
    for case_id in waiting:
        if sum(slices[one] for one in group) >= size:
            break
        group.append(case_id)
    return tuple(group)


@dataclass(frozen=True, eq=False)
class Kept:
    """All that a finished round leaves: where it stands, weights, and the best."""

    standing: Standing
    network: dict[str, torch.Tensor]
    best: Best


class Memory:
    """Keeps a run between its rounds, in the folder of the run.

    Parameters
    ----------
    folder : Path
        Must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._checkpoints, self._log = Checkpoints(folder), folder / ROUNDS_LOG

    def save(self, kept: Kept) -> None:
        """Keep a finished round, and write the log of rounds.

        Raises
        ------
        OutputError
            If it could not be written; the round before is whole.
        """
        standing = kept.standing
        state: dict[str, Any] = {
            "step": standing.stages,
            "standing": standing.model_dump(mode="json"),
            "network": kept.network,
            "best": asdict(kept.best),
        }
        self._checkpoints.save(state)
        lines = [each.model_dump_json() for each in standing.rounds]
        write_text(self._log, "".join(f"{line}\n" for line in lines))

    def load(self) -> Kept | None:
        """Read what was kept last, None if no round was finished."""
        state = self._checkpoints.load()
        if state is None:
            return None
        standing = Standing.model_validate(state["standing"])
        return Kept(standing, state["network"], Best(**state["best"]))

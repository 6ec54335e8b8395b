"""Images in, a pretrained model out: weights to train from."""

from __future__ import annotations

import hashlib
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from covseg_core.errors import InputRefusedError
from covseg_core.inference.lungs import lungs_of
from covseg_core.io.atomic import write_json
from covseg_core.labels import INFECTION
from covseg_core.learn.logged import logged
from covseg_core.learn.plan import (
    OUTCOME,
    beginning,
    discard_run,
    require_own_name,
    run_folder,
)
from covseg_core.learn.slices import Prepared, prepare_once
from covseg_core.models import create_model
from covseg_core.registry.locking import locked
from covseg_core.registry.store import models_folder
from covseg_core.registry.weights import save_model
from covseg_core.steps import result_of
from covseg_core.training.checkpoint import Checkpoints
from covseg_core.training.data import TrainingSlices, slices_of_volume
from covseg_core.training.devices import first_process_first, make_fabric
from covseg_core.training.fit import Step
from covseg_core.training.pretrain import Pretraining, pretrain
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from lightning_fabric import Fabric

    from covseg_core.learn.pretrain_plan import PretrainPlan
    from covseg_core.learn.unlabelled import UnlabelledScan
    from covseg_core.registry.store import ModelEntry
    from covseg_core.transforms.prepare import Prepare

__all__ = ["PretrainEvent", "Pretrained", "learn_pretext"]

PretrainEvent: TypeAlias = Prepared | Step
KEPT = ("run.json", "log.csv", "log.jsonl", "tensorboard", OUTCOME)


@dataclass(frozen=True)
class Pretrained:
    """What came of a run.

    Parameters
    ----------
    model : ModelEntry
        In the user's store; to be trained.
    slices : int
        How many it has learnt from.
    """

    model: ModelEntry
    slices: int

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        card = self.model.card
        return {
            "model": card.name,
            "weights_sha256": card.weights_sha256,
            "pretext": card.pretext,
            "slices": self.slices,
            "metrics": card.metrics,
        }


def learn_pretext(
    scans: Sequence[UnlabelledScan], plan: PretrainPlan, *, resume: bool = False
) -> Generator[PretrainEvent, None, Pretrained | None]:
    """Pretrain a model on scans without masks.

    Parameters
    ----------
    scans : sequence of UnlabelledScan
        Those of the plan, in order.
    plan : PretrainPlan
        What to do; from `plan_pretraining`, or `read_plan_as` to go on.
    resume : bool
        Go on with a run that was stopped.

    Yields
    ------
    Prepared or PretrainStep
        What has been done; stop iterating to stop, and go on later.

    Returns
    -------
    Pretrained or None
        None in every process but the first, if several train together.

    Raises
    ------
    InputRefusedError
        If a scan cannot be read, or its lungs are not found; a run that was to begin
        is discarded then.
    UsageError
        If another model took the name of the new one.
    OutputError
        If another process is at this run, or something could not be written.
    """
    fabric = make_fabric(plan.settings.training)
    alone = locked(run_folder(plan.name), patience_s=0)
    with alone if fabric.is_global_zero else nullcontext():
        return (yield from _turn(scans, plan, fabric, resume))


def _turn(
    scans: Sequence[UnlabelledScan], plan: PretrainPlan, fabric: Fabric, resume: bool
) -> Generator[PretrainEvent, None, Pretrained | None]:
    begun = time.monotonic()
    begins = fabric.is_global_zero and not resume
    with beginning(plan) if begins else nullcontext():
        fabric.barrier()
        data = yield from _slices(scans, plan, fabric)
    checkpoints = Checkpoints(run_folder(plan.name))
    training = _start(plan, fabric, checkpoints, data)
    last = None
    every_s = plan.settings.checkpoint_s
    for step in logged(training, checkpoints, every_s, fabric):
        last = step
        yield step
    if not fabric.is_global_zero:
        return None
    facts = {
        "settings": plan.settings.model_dump(mode="json"),
        "epochs_run": training.epochs_done,
        "slices": len(data),
        "seconds_of_last_start": round(time.monotonic() - begun, 1),
        "device": str(fabric.device),
        "processes": fabric.world_size,
        "plan_sha256": plan.sha256,
    }
    told = {"metrics": _metrics(last), "training": facts}
    card = plan.card.model_copy(update=told)
    require_own_name(plan)
    entry = save_model(models_folder() / card.name, card, training.handed_on())
    outcome = Pretrained(entry, len(data))
    write_json(run_folder(plan.name) / OUTCOME, outcome.as_dict())
    discard_run(plan.name, but=KEPT)
    return outcome


def _slices(
    scans: Sequence[UnlabelledScan], plan: PretrainPlan, fabric: Fabric
) -> Generator[Prepared, None, TrainingSlices]:
    """Let the first process make the slices and the others open them."""
    prepare = plan.card.prepare
    key = hashlib.sha256("\n".join((*plan.scans, prepare.model_dump_json())).encode())
    parts = [
        (str(number), partial(_slices_of, scan, prepare))
        for number, scan in enumerate(scans)
    ]
    folder = run_folder(plan.name) / "slices"
    with first_process_first(fabric):
        data, _ = yield from prepare_once(parts, folder, key.hexdigest())
    return data


def _slices_of(scan: UnlabelledScan, prepare: Prepare) -> TrainingSlices:
    """Cut a scan to the lungs and into slices, as training does."""
    try:
        ct = scan.ct()
        lungs = None
        if prepare.crop == "lungs" and not ct.is_picture:
            lungs = scan.lungs() or result_of(lungs_of(ct))
        nothing = LesionMask(np.zeros(ct.hu.shape, np.uint8), ct.grid, INFECTION)
        return slices_of_volume(ct, nothing, lungs, prepare)
    except InputRefusedError as error:
        raise InputRefusedError(f"scan {scan.name!r}: {error}") from error


def _start(
    plan: PretrainPlan, fabric: Fabric, checkpoints: Checkpoints, data: TrainingSlices
) -> Pretraining:
    torch.manual_seed(plan.settings.seed)
    network = create_model(plan.card.architecture, **plan.card.arguments)
    return pretrain(
        network,
        data,
        plan.card.prepare,
        plan.settings,
        fabric,
        state=checkpoints.load(),
    )


def _metrics(last: Step | None) -> dict[str, float]:
    """Say how well the task was done in the end; nothing if no step was left."""
    if last is None:
        return {}
    found = {"pretext_loss": round(last.loss, 4)}
    if last.score is not None:
        found["turns_told_right"] = round(last.score, 4)
    return found

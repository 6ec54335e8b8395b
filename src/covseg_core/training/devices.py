"""One device or many: lightning-fabric runs the same loop on all of them."""

from __future__ import annotations

import atexit
import logging
import os
import warnings
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch

from covseg_core.errors import CovsegError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightning_fabric import Fabric

    from covseg_core.training.config import TrainSettings

__all__ = ["first_process_first", "is_first_process", "is_left_alone", "make_fabric"]

PRECISIONS = {
    "float32": "32-true",
    "bfloat16": "bf16-mixed",
    "float16": "16-mixed",
}
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


def make_fabric(settings: TrainSettings) -> Fabric:
    """Start the processes of a run, one per device, and join them.

    Under ``torchrun`` the processes are there already, on one machine or several,
    and `devices` is theirs to say.

    Raises
    ------
    UsageError
        If the device is not there or cannot compute in that precision, the batch is
        too small for so many, or the environment numbers this process without a number.
    """
    _require_ranks()
    where = _where(settings)
    _require_precision(settings, where["accelerator"])
    _require_room(settings, settings.devices)
    with warnings.catch_warnings():
        # lightning warns of clusters and cores that are none of our business.
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric

        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        fabric = Fabric(precision=_precision(settings), loggers=[], **where)
        fabric.launch()
    if fabric.world_size > 1:
        # A process that ends as a member may be aborted by threads of its group.
        atexit.register(_leave_group)
    _require_room(settings, fabric.world_size)
    return fabric


def _leave_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _require_ranks() -> None:
    for name in RANKS:
        rank = os.environ.get(name, "0")
        if not rank.isdecimal():
            raise UsageError(
                f"{name} in the environment is {rank!r}, not a number; unset it."
            )


def _require_room(settings: TrainSettings, processes: int) -> None:
    if settings.batch_size < 2 * processes:
        raise UsageError(
            f"--batch-size {settings.batch_size} is too small for {processes} devices; "
            "each needs at least two slices."
        )


def _require_precision(settings: TrainSettings, kind: str) -> None:
    if settings.precision == "float16" and kind == "cpu":
        raise UsageError(
            "--precision float16 needs a CUDA device, and this run is on the CPU; "
            "choose bfloat16 or float32."
        )


def is_first_process() -> bool:
    """Whether this process shows and keeps things: the first of its run, or alone."""
    group = torch.distributed
    joined = group.is_available() and group.is_initialized()
    return not joined or group.get_rank() == 0


def is_left_alone(error: BaseException) -> bool:
    """Whether an error tells that another process of the run went away."""
    return isinstance(error, RuntimeError) and "by peer" in str(error)


@contextmanager
def first_process_first(fabric: Fabric) -> Iterator[None]:
    """Let the first process do something, however long it takes, then the others.

    Raises
    ------
    CovsegError
        In the others, if the first process could not.
    """
    if fabric.world_size == 1:
        yield
        return
    forever = timedelta(days=10000)
    group: Any = torch.distributed.new_group(backend="gloo", timeout=forever)
    if fabric.is_global_zero:
        done = False
        try:
            yield
            done = True
        finally:
            torch.distributed.broadcast_object_list([done], group=group)
        return
    told = [False]
    torch.distributed.broadcast_object_list(told, group=group)
    if not told[0]:
        raise CovsegError("the first process could not go on; it says why.")
    yield


def _where(settings: TrainSettings) -> dict[str, Any]:
    kind, _, number = settings.device.partition(":")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda":
        _require_cuda(settings)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // local
        return {
            "accelerator": kind,
            "devices": local,
            "num_nodes": nodes,
            "strategy": "ddp",
        }
    if settings.devices > 1:
        return {"accelerator": kind, "devices": settings.devices, "strategy": "ddp"}
    return {"accelerator": kind, "devices": [int(number)] if number else 1}


def _require_cuda(settings: TrainSettings) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    number = int(settings.device.partition(":")[2] or 0)
    if max(number + 1, settings.devices) > count:
        raise UsageError(
            f"torch sees {count} CUDA device(s) here, fewer than were asked for. "
            "Use --device auto, or see `covseg doctor`."
        )


def _precision(settings: TrainSettings) -> Any:
    if settings.precision != "auto":
        return PRECISIONS[settings.precision]
    wants_cuda = settings.device != "cpu" and torch.cuda.is_available()
    return PRECISIONS["bfloat16" if wants_cuda else "float32"]

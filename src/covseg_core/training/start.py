"""Put network, slices and settings together and begin, or go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from covseg_core.labels import LUNGS
from covseg_core.models.stichnet import StichNet
from covseg_core.training.fit import Step, fit
from covseg_core.training.objectives import objective_for
from covseg_core.training.order import Order
from covseg_core.training.trainee import Trainee
from covseg_core.training.validate import validation_score

if TYPE_CHECKING:
    from collections.abc import Generator

    from lightning_fabric import Fabric

    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.training.config import TrainSettings
    from covseg_core.training.data import TrainingSlices
    from covseg_core.transforms.prepare import Prepare

__all__ = ["Training", "start"]


@dataclass(frozen=True)
class Training:
    """A training under way.

    Parameters
    ----------
    network : SegmentationNetwork
        What is trained.
    trainee : Trainee
        It and all else that training changes.
    steps : generator of Step
        Iterate to train; see `training.fit.fit`.
    batches : int
        Steps in an epoch.
    """

    network: SegmentationNetwork
    trainee: Trainee
    steps: Generator[Step, None, None]
    batches: int

    @property
    def epochs_done(self) -> int:
        """Passes over the slices that are finished."""
        return self.trainee.step // self.batches


def start(
    network: SegmentationNetwork,
    data: TrainingSlices,
    prepare: Prepare,
    settings: TrainSettings,
    fabric: Fabric,
    *,
    validation: TrainingSlices | None = None,
    state: dict[str, Any] | None = None,
) -> Training:
    """Begin to train a network, or go on from a checkpoint.

    Parameters
    ----------
    network : SegmentationNetwork
        Trained in place.
    data : TrainingSlices
        What it learns from.
    prepare : Prepare
        From the model card.
    settings : TrainSettings
        How.
    fabric : Fabric
        From `training.devices.make_fabric`.
    validation : TrainingSlices, optional
        Of other patients; judges every epoch.
    state : dict, optional
        From a checkpoint.
    """
    network.to(
        fabric.device,
        memory_format=torch.channels_last,  # type: ignore[call-overload]
    )
    order = Order(data.weights, settings)
    trainee = Trainee(network, settings, order.steps, settings.average)
    if state is not None:
        trainee.load_state_dict(state)
    wrapped = fabric.setup_module(network)
    loss = objective_for(network, settings.weighting, wrapped)

    result = cast("SegmentationNetwork", trainee.result)

    def validate() -> float:
        if validation is None:
            raise TypeError("there are no slices to validate on.")
        return validation_score(result, validation, prepare)

    judge = None if validation is None else validate
    steps = fit(
        trainee,
        loss,
        data,
        prepare,
        settings,
        fabric,
        judge,
        sided=network.label_set == LUNGS,
        tissues=isinstance(network, StichNet),
    )
    return Training(network, trainee, steps, order.batches)

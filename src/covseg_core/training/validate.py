"""How good a network is while it is trained: Dice on prepared slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from covseg_core.labels import UNKNOWN_CLASS
from covseg_core.training.data import lesions_of
from covseg_core.transforms.slices import normalise

if TYPE_CHECKING:
    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.training.data import TrainingSlices
    from covseg_core.transforms.prepare import Prepare

__all__ = ["predict_classes", "validation_score"]

BATCH = 16


def validation_score(
    network: SegmentationNetwork, data: TrainingSlices, prepare: Prepare
) -> float:
    """Average the Dice of infection and of each class that occurs.

    Pixels of all slices are counted together, so that what is called infected on
    empty slices lowers the score too; a network for one class has one Dice.

    Returns
    -------
    float
        In [0, 1].
    """
    found = predict_classes(network, data, prepare)
    true = lesions_of(data.labels)
    known = true != UNKNOWN_CLASS
    pairs = [(found > 0, true > 0)]
    if len(network.label_set.classes) > 1:
        for value in network.label_set.values:
            if (true == value).any():
                pairs.append(((found == value) & known, true == value))
    return sum(_dice(*pair) for pair in pairs) / len(pairs)


@torch.no_grad()
def predict_classes(
    network: SegmentationNetwork, data: TrainingSlices, prepare: Prepare
) -> torch.Tensor:
    """Predict the class of every pixel, uint8 (N, size, size), at threshold 0.5."""
    network.eval()
    device = next(network.parameters()).device
    classes = []
    for pixels in data.pixels.split(BATCH):
        seen = normalise(pixels.float(), prepare).to(
            device, memory_format=torch.channels_last
        )
        p = network.predict_probabilities(seen).float()
        label = torch.where(p.sum(dim=1) > 0.5, p.argmax(dim=1) + 1, 0)
        classes.append(label.to("cpu", torch.uint8))
    return torch.cat(classes)


def _dice(found: torch.Tensor, true: torch.Tensor) -> float:
    size = int(found.sum()) + int(true.sum())
    return 1.0 if size == 0 else 2 * int((found & true).sum()) / size

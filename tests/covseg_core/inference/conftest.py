"""Networks whose answers one can foresee."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch.nn import functional as F

from covseg_core.labels import INFECTION, LESIONS
from covseg_core.models.network import SegmentationNetwork, lesion_probabilities
from covseg_core.registry.card import ModelCard
from covseg_core.registry.weights import LoadedModel
from covseg_core.transforms.prepare import Prepare


class BrightIsInfected(SegmentationNetwork):
    """Answers with the grey that it is shown: white is infected for sure."""

    label_set = INFECTION

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x[:, :1] * self.scale

    def probabilities(self, output):
        return output.clamp(0, 1)


class BrighterIsConsolidated(BrightIsInfected):
    """Calls grey from 0.4 opacity and from 0.8 consolidation."""

    label_set = LESIONS

    def probabilities(self, output):
        dense = (output > 0.8).float()
        return torch.cat(((output > 0.4).float() - dense, dense), dim=1)


class Small(SegmentationNetwork):
    """A few random layers of the kinds that the real networks have."""

    label_set = LESIONS

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.last = torch.nn.Conv2d(8, 3, 1)

    def forward(self, x):
        y = self.norm(self.first(x)).relu()
        y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
        return F.interpolate(4 * self.last(y), size=x.shape[-2:], mode="bilinear")

    def probabilities(self, output):
        return lesion_probabilities(output)


PLAIN = Prepare(
    size=128, crop="lungs", mean=(0, 0, 0), std=(1, 1, 1), window_high_hu=50.0
)


@pytest.fixture
def model():
    """Make a model of a network class; keywords change the card."""

    def make(network_class=BrightIsInfected, **change):
        card = ModelCard(
            name="bright",
            summary="Calls what is bright infected.",
            architecture="bright",
            label_set=network_class.label_set.name,
            prepare=PLAIN,
        )
        return LoadedModel(card.model_copy(update=change), network_class().eval())

    make.multi = BrighterIsConsolidated
    return make


@pytest.fixture
def bright_network():
    return BrightIsInfected().eval()


@pytest.fixture
def small_network():
    torch.manual_seed(3)
    return Small().eval()


class Seen(NamedTuple):
    """The part of a StichNet's output that what-if images need."""

    styles: torch.Tensor
    log_tissue: torch.Tensor

    @property
    def reconstruction(self):
        return (self.log_tissue.exp() * self.styles).sum(dim=1, keepdim=True)


class Shifted(SegmentationNetwork):
    """Tells tissues by grey; its styles are always the same four greys.

    In the window of `PLAIN`: below 0.4 healthy, from 0.4 opacity, from 0.8
    consolidation, from 0.98 outside.
    """

    label_set = LESIONS
    greys = (0.99, 0.55, 0.9, 0.35)

    def forward(self, x):
        grey = x[:, :1]
        styles = (
            torch.tensor(self.greys).view(1, 4, 1, 1).expand(-1, -1, *grey.shape[2:])
        )
        steps = [(grey > edge).float() for edge in (0.4, 0.8, 0.98)]
        parts = (
            steps[2],
            steps[0] - steps[1],
            steps[1] - steps[2],
            1 - steps[0],
        )
        tissue = torch.cat(parts, dim=1)
        return Seen(styles.expand(len(x), -1, -1, -1), tissue.log())

    def probabilities(self, output):
        return output.log_tissue[:, 1:3].exp()


@pytest.fixture
def stichnet(model):
    return model(Shifted, name="shifted", architecture="stichnet")

"""Ask a network several times about the same slices.

A network that can draw answers is asked for some (StichNet's come from its latents);
any other is shown the slices in other ways: test-time augmentation, after Wang,
"Aleatoric uncertainty estimation with test-time augmentation for medical image
segmentation with convolutional neural networks" (2019).
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch

from covseg_core.errors import UsageError
from covseg_core.inference.looks import make_looks
from covseg_core.inference.outliners import NetworkOutliner, Outliner
from covseg_core.models.network import SegmentationNetwork
from covseg_core.transforms.slices import restore_slices

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.inference.config import PredictSettings, UncertaintySettings
    from covseg_core.registry.weights import LoadedModel

__all__ = ["Opinions", "make_opinions"]


class Opinions(Protocol):
    """Several answers to the same slices.

    `settings` tells how they are made; its `way` is never ``auto``.
    """

    settings: UncertaintySettings

    def mean(
        self, grey: npt.NDArray[np.float32], answer: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Give the mean (N, C, H, W) of the answers to slices (N, H, W).

        `answer`, of the mean's shape, is the plain one, which is there already.
        """


def make_opinions(
    model: LoadedModel,
    outline: Outliner,
    settings: PredictSettings,
    asked: UncertaintySettings,
) -> Opinions:
    """Choose how a model is asked several times.

    Parameters
    ----------
    model : LoadedModel
        A network and its card.
    outline : Outliner
        What gives the plain answers.
    settings : PredictSettings
        Device and batch.
    asked : UncertaintySettings
        In which way, and how often.

    Raises
    ------
    UsageError
        If the model has no network, or cannot draw answers and was told to.
    """
    network = model.network
    if network is None or not isinstance(outline, NetworkOutliner):
        raise UsageError(
            f"{model.card.name} has no network, so it is never unsure. Leave "
            "--uncertainty away, or choose a model with a network."
        )
    can_draw = isinstance(network, _Sampler)
    if asked.way == "samples" and not can_draw:
        raise UsageError(
            f"{model.card.name} cannot draw several answers; choose --way augment."
        )
    if asked.way == "augment" or not can_draw:
        return _Shown(outline, asked.model_copy(update={"way": "augment"}))
    # The network may have to leave a device; its copy then stays where it is.
    drawing = _Drawing(deepcopy(network), asked.predictions, asked.seed)
    torch_only = settings.model_copy(update={"engine": "torch"})
    card, is_hu = model.card.as_trained, outline.is_hu
    drawn = NetworkOutliner(drawing, card, torch_only, is_hu=is_hu)
    return _Drawn(drawn, asked.model_copy(update={"way": "samples"}))


class _Shown:
    """Shows the slices in other ways; the first is the plain one, answered already."""

    def __init__(self, outline: NetworkOutliner, settings: UncertaintySettings) -> None:
        self.settings, self._outline = settings, outline
        self._looks = make_looks(settings.predictions, settings.seed)[1:]

    def mean(
        self, grey: npt.NDArray[np.float32], answer: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        shape = grey.shape[1], grey.shape[2]
        pixels = self._outline.pixels(grey)
        total, weight = answer.copy(), np.ones((1, 1, *shape), np.float32)
        for look in self._looks:
            back = look.undo(self._outline.answer(look.show(pixels)))
            total += restore_slices(back, shape)
            # A turn moves corners out of the picture; there this look has no say.
            weight += restore_slices(look.undo(torch.ones_like(pixels[:1])), shape)
        return np.asarray(total / weight)


class _Drawn:
    """Takes the mean of answers that the network draws."""

    def __init__(self, outline: NetworkOutliner, settings: UncertaintySettings) -> None:
        self.settings, self._outline = settings, outline

    def mean(
        self, grey: npt.NDArray[np.float32], answer: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        return self._outline(grey)


@runtime_checkable
class _Sampler(Protocol):
    def samples(self, x: torch.Tensor, n: int) -> torch.Tensor:
        """Draw answers (n, N, C, H, W) to slices (N, channels, H, W)."""


class _Drawing(SegmentationNetwork):
    """A network that answers with the mean of several draws, always the same ones."""

    def __init__(self, network: SegmentationNetwork, count: int, seed: int) -> None:
        super().__init__()
        self.label_set = network.label_set
        self._network, self._count, self._seed = network, count, seed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        devices = [x.device] if x.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._seed)
            draws: torch.Tensor = self._network.samples(x, self._count)  # type: ignore[operator]
        return draws.mean(dim=0)

    def probabilities(self, output: torch.Tensor) -> torch.Tensor:
        return output

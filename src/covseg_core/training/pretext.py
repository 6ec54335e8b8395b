"""What is learnt without labels: to repaint, to erase what is hard, to tell turns.

Every loss is a `training.fit.SliceLoss` that has no use for labels.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from covseg_core.models.coach import CELL, CoachOutput, keep_best, keep_softly
from covseg_core.models.rotation import TURNS, turned
from covseg_core.transforms.slices import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import nn

    from covseg_core.models.coach import Coach
    from covseg_core.models.inpainter import Inpainter
    from covseg_core.models.rotation import TurnTeller
    from covseg_core.training.data import TrainingSlices
    from covseg_core.training.fit import SliceLoss
    from covseg_core.training.pretrain_config import PretrainSettings
    from covseg_core.transforms.prepare import Prepare

__all__ = [
    "coach_loss",
    "inpainting_loss",
    "reconstruction_error",
    "rotation_loss",
    "turn_accuracy",
]

Repaint: TypeAlias = "Callable[[Tensor], tuple[Tensor, ...]]"
Score: TypeAlias = "Callable[[Tensor], CoachOutput]"

LARGEST_ERROR = 2.0
KEPT_WEIGHT = 0.01
DIVERGENCE_WEIGHT = 1e-6
JUDGED, BATCH = 64, 16
SHARP, SOFT = 100.0, 1.0
"""α while the network and while the coach is trained."""


def reconstruction_error(
    painted: Sequence[Tensor],
    pixels: Tensor,
    kept: Tensor,
    prepare: Prepare,
    kind: Literal["published", "cross-entropy"] = "published",
) -> Tensor:
    """Compare repainted slices with what they were, above all where they were erased.

    ``published`` is the squared error in normalised units, clipped at 2;
    ``cross-entropy``, the formula of the papers, reads what was painted as logits of
    the grey in [0, 1].  The mean over erased pixels counts in full, that over kept
    ones by 1/100.

    Parameters
    ----------
    painted : sequence of Tensor
        (N, 1, H, W) of every head; the mean over heads is taken.
    pixels : Tensor
        Slices before anything was erased, (N, 3, H, W), normalised.
    kept : Tensor
        Weights in [0, 1], (N, 1, H, W); 0 is erased.
    prepare : Prepare
        How they were normalised.
    kind : {"published", "cross-entropy"}
        Error of a pixel.

    Returns
    -------
    Tensor
        A scalar.
    """
    if kind == "published":
        grey = pixels.mean(dim=1, keepdim=True)
        errors = [(each - grey).square().clamp(max=LARGEST_ERROR) for each in painted]
    else:
        grey = (pixels[:, :1] * prepare.std[0] + prepare.mean[0]).clamp(0, 1)
        errors = [
            F.binary_cross_entropy_with_logits(each, grey, reduction="none")
            for each in painted
        ]
    error = torch.stack(errors).mean(dim=0)
    return _mean(error, 1 - kept) + KEPT_WEIGHT * _mean(error, kept)


def inpainting_loss(
    inpainter: Inpainter,
    coach: Coach | None,
    settings: PretrainSettings,
    prepare: Prepare,
    run: Repaint | None = None,
) -> SliceLoss:
    """Make the loss of the network: the error of what it repaints.

    Erased pixels are 0 in normalised units, the mean grey.

    Parameters
    ----------
    inpainter : Inpainter
        Learns.
    coach : Coach or None
        Chooses what is erased; None erases at random.
    settings : PretrainSettings
        Share that is kept, error of a pixel.
    prepare : Prepare
        How slices are normalised.
    run : callable, optional
        What runs `inpainter`, if it has been wrapped for several devices.
    """
    repaint: Repaint = run or inpainter

    def loss(pixels: Tensor, labels: Tensor) -> Tensor:
        inpainter.train()
        kept = _choose(coach, pixels, settings.keep)
        return reconstruction_error(
            repaint(pixels * kept), pixels, kept, prepare, settings.reconstruction
        )

    return loss


def coach_loss(
    coach: Coach,
    inpainter: Inpainter,
    settings: PretrainSettings,
    prepare: Prepare,
    run: Score | None = None,
) -> SliceLoss:
    """Make the loss of the coach: 1 − the error of the network, + 1e-6 · KL.

    Parameters
    ----------
    coach : Coach
        Learns.
    inpainter : Inpainter
        Stays as it is, running statistics included.
    settings, prepare
        As in `inpainting_loss`.
    run : callable, optional
        What runs `coach`, if it has been wrapped for several devices.
    """
    score: Score = run or coach

    def loss(pixels: Tensor, labels: Tensor) -> Tensor:
        coach.train()
        scores, divergence = score(pixels)
        kept = _enlarge(keep_softly(scores, settings.keep, SOFT))
        with _at_rest(inpainter):
            painted = inpainter(pixels * kept)
        error = reconstruction_error(
            painted, pixels, kept, prepare, settings.reconstruction
        )
        return 1 - error + DIVERGENCE_WEIGHT * divergence

    return loss


def rotation_loss(
    teller: TurnTeller, run: Callable[[Tensor], Tensor] | None = None
) -> SliceLoss:
    """Make the loss of telling quarter turns: cross-entropy over the four."""
    tell = run or teller

    def loss(pixels: Tensor, labels: Tensor) -> Tensor:
        teller.train()
        turns = torch.randint(TURNS, (len(pixels),)).to(pixels.device)
        return F.cross_entropy(tell(turned(pixels, turns)), turns)

    return loss


@torch.no_grad()
def turn_accuracy(teller: TurnTeller, data: TrainingSlices, prepare: Prepare) -> float:
    """Tell the share of turns that are told right, in [0, 1]; chance is 1/4.

    At most 64 slices are asked for, unchanged, each in every turn.
    """
    teller.eval()
    device = next(teller.parameters()).device
    chosen = torch.linspace(0, len(data) - 1, min(JUDGED, len(data))).long()
    right = 0
    for pixels in data.pixels[chosen].split(BATCH):
        seen = normalise(pixels.float(), prepare).to(device)
        for turn in range(TURNS):
            turns = torch.full((len(seen),), turn)
            right += int((teller(turned(seen, turns)).argmax(1).cpu() == turn).sum())
    return right / (TURNS * len(chosen))


def _choose(coach: Coach | None, pixels: Tensor, keep: float) -> Tensor:
    """Weigh pixels, (N, 1, H, W): 0 is erased."""
    if coach is None:
        rows, columns = (side // CELL for side in pixels.shape[-2:])
        scores = torch.rand(len(pixels), 1, rows, columns).to(pixels.device)
        return _enlarge(keep_best(scores, keep))
    coach.eval()
    with torch.no_grad():
        return _enlarge(keep_softly(coach(pixels).scores, keep, SHARP))


def _enlarge(cells: Tensor) -> Tensor:
    return F.interpolate(cells, scale_factor=CELL, mode="nearest")


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum()


@contextmanager
def _at_rest(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through a network that learns nothing from them."""
    learning = [each for each in network.parameters() if each.requires_grad]
    network.eval().requires_grad_(requires_grad=False)
    try:
        yield
    finally:
        for each in learning:
            each.requires_grad = True

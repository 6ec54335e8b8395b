"""What StichNet is trained to do: the bounds of its paper, and what keeps styles apart.

For a pixel whose tissue may be any of a set A the bound is
``log sum_A p(tissue) p(grey | style of that tissue)``: a labelled pixel has one
tissue, which gives the supervised bound, and an unlabelled pixel has all four, which
gives the unsupervised one (equations 9 and 10 of the paper).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from covseg_core.labels import NOT_INFECTED, UNKNOWN_CLASS, UNLABELLED, Tissue
from covseg_core.losses import soft_dice
from covseg_core.transforms.transplant import is_lesion, transplant

if TYPE_CHECKING:
    from collections.abc import Callable

    from covseg_core.models.stichnet import StichNet, StichNetOutput
    from covseg_core.training.fit import SliceLoss

__all__ = [
    "allowed_tissues",
    "bound",
    "grey_likelihoods",
    "misfit_of_levels",
    "stitching_objective",
]

FOCAL_POWER = 2
# The released code has 1, 1 and 100, and no Dice.  With these weights the tissues
# are learnt as fast as by a U-Net; with those they drown in the image's likelihood.
LIKELIHOOD, DIVERGENCE, FOCAL, DICE = 0.2, 0.005, 2.0, 3.0
LEVEL = 10.0
"""Weight of how far a style's mean grey is from that of its tissue."""
EDGE = 0.005
"""Grey is kept so far from 0 and 1, where a Beta distribution has no value."""
SETS = {
    UNKNOWN_CLASS: (Tissue.GGO, Tissue.CONSOLIDATION),
    NOT_INFECTED: (Tissue.OUTSIDE, Tissue.HEALTHY),
    UNLABELLED: tuple(Tissue),
}


def stitching_objective(
    network: StichNet,
    run: Callable[[torch.Tensor], Any],
    *,
    keep_apart: bool = True,
) -> SliceLoss:
    """Choose what a StichNet is trained to do.

    Parameters
    ----------
    network : StichNet
        What is trained.
    run : callable
        What runs it; the network itself, or a wrapper for several devices.
    keep_apart : bool
        Learn also from lesions that are put into other slices, and from the mean
        grey of the tissues; False is what the paper does.
    """

    def loss(pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        network.train()
        grey = pixels[:, :1]
        if not keep_apart:
            return bound(run(pixels), grey, labels)
        new = transplant(grey, labels, alike=True)
        # Half of the slices are shown with the foreign lesion, half as they were;
        # what they would look like the other way is known for both.
        shown = torch.rand(len(grey), 1, 1, 1).to(grey) < 0.5
        seen = torch.where(shown, new.grey, grey)
        other = torch.where(shown, grey, new.grey)
        told = torch.where(shown[:, 0], new.labels, labels)
        tissue = torch.where(shown[:, 0], int(Tissue.HEALTHY), new.labels)
        output = run(seen.expand_as(pixels))
        return (
            bound(output, seen, told)
            + _otherwise(output, other, tissue, new.placed)
            + LEVEL * misfit_of_levels(output, seen, told)
        )

    return loss


def bound(
    output: StichNetOutput, grey: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Compute the negative bound per pixel, the focal term and soft Dice, weighed.

    Parameters
    ----------
    output : StichNetOutput
        For `grey`.
    grey : Tensor of float, shape (N, 1, H, W)
        In [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        `labels.Tissue`, or 253 to 255 for what is known in part.

    Returns
    -------
    Tensor, shape ()
        The likelihood of grey and the divergence weigh less than what labels say.
    """
    allowed = allowed_tissues(labels)
    possible = output.log_tissue.masked_fill(~allowed, -torch.inf)
    fits = possible + LIKELIHOOD * grey_likelihoods(output, grey)
    evidence = -fits.logsumexp(dim=1).mean()
    divergence = (output.divergence / grey[0].numel()).mean()

    log_p = possible.logsumexp(dim=1)
    focal = -((1 - log_p.exp()).clamp(0, 1) ** FOCAL_POWER * log_p).mean()
    known = (labels != UNLABELLED) & (labels != UNKNOWN_CLASS)
    lesions = output.log_tissue[:, : Tissue.HEALTHY].exp()
    dice = soft_dice(lesions, labels, known)
    return evidence + DIVERGENCE * divergence + FOCAL * focal + DICE * dice


def allowed_tissues(labels: torch.Tensor) -> torch.Tensor:
    """Tell which tissues a label leaves possible, bool (N, 4, H, W)."""
    allowed = torch.stack([labels == tissue for tissue in Tissue], dim=1)
    for code, tissues in SETS.items():
        for tissue in tissues:
            allowed[:, tissue] |= labels == code
    return allowed


def grey_likelihoods(output: StichNetOutput, grey: torch.Tensor) -> torch.Tensor:
    """Compute the log-density of `grey` in every style, (N, 4, H, W)."""
    x = grey.float().clamp(EDGE, 1 - EDGE)
    total = output.concentrations.float()
    alpha = output.styles.float().clamp(EDGE, 1 - EDGE) * total
    beta = total - alpha
    constant = torch.lgamma(total) - torch.lgamma(alpha) - torch.lgamma(beta)
    return constant + (alpha - 1) * x.log() + (beta - 1) * torch.log1p(-x)


def misfit_of_levels(
    output: StichNetOutput, grey: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Compare styles, where another tissue lies, with the tissue that they show.

    Without it a style copies what it sees: healthy lung under a consolidation is then
    drawn as bright as the consolidation.  Not from the paper.

    Parameters
    ----------
    output : StichNetOutput
        For `grey`.
    grey : Tensor of float, shape (N, 1, H, W)
        In [0, 1].
    labels : Tensor of int64, shape (N, H, W)
        As `bound` takes them.

    Returns
    -------
    Tensor, shape ()
        Squared differences of mean grey within the labelled lungs of a slice, summed
        over the tissues of the lung; 0 for one that none of its pixels have, or all.
    """
    lung = is_lesion(labels) | (labels == Tissue.HEALTHY)
    misfit = grey.new_zeros(())
    for tissue in (Tissue.GGO, Tissue.CONSOLIDATION, Tissue.HEALTHY):
        own = labels == tissue
        other = lung & ~own
        both = own.any(dim=(1, 2)) & other.any(dim=(1, 2))
        drawn = _mean_within(output.styles[:, tissue], other)
        true = _mean_within(grey[:, 0], own)
        misfit = misfit + ((drawn - true) ** 2 * both).mean()
    return misfit


def _mean_within(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of every slice within its mask, (N,); 0 where that is empty."""
    return (image.float() * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1)


def _otherwise(
    output: StichNetOutput,
    grey: torch.Tensor,
    tissue: torch.Tensor,
    placed: torch.Tensor,
) -> torch.Tensor:
    """Compare a style with what a pixel would look like, where that is known."""
    known = placed & (tissue != UNKNOWN_CLASS)
    if not known.any():
        return grey.new_zeros(())
    fits = grey_likelihoods(output, grey)
    chosen = fits.gather(1, tissue.where(known, 0)[:, None])[:, 0]
    return -LIKELIHOOD * (chosen * known).sum() / placed.numel()

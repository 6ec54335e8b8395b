"""How often every slice of a run is drawn."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.learn.plan import RunPlan

__all__ = ["drawn_weights", "evened", "with_share"]


def drawn_weights(
    weights: torch.Tensor, cases: Sequence[str], plan: RunPlan
) -> torch.Tensor:
    """Weigh slices so that every scan, rehearsal and unlabelled ones get their shares.

    Parameters
    ----------
    weights : Tensor of float, shape (N,)
        How often each slice of a scan is drawn, relative to its others.
    cases : sequence of str
        The case of every slice.
    plan : RunPlan
        Says which cases are old or unlabelled, and both shares.

    Returns
    -------
    Tensor of float, shape (N,)
        Rehearsal is a share of the labelled slices.
    """
    scans = {scan.case_id for scan in plan.manifest.unlabelled}
    labelled = torch.tensor([case not in scans for case in cases])
    is_old = torch.tensor([case in plan.old_cases for case in cases])
    weights = evened(weights, cases, plan.settings.evenness)
    weights[labelled] = with_share(
        weights[labelled], is_old[labelled], plan.settings.rehearsal
    )
    return with_share(weights, ~labelled, plan.settings.unlabelled)


def evened(
    weights: torch.Tensor, cases: Sequence[str], evenness: float
) -> torch.Tensor:
    """Weigh slices so that a scan of n counts as n to the power of 1 - `evenness`.

    Parameters
    ----------
    weights : Tensor of float, shape (N,)
        Of the slices so far.
    cases : sequence of str
        The case of every slice.
    evenness : float
        In [0, 1].
    """
    sizes = Counter(cases)
    return weights * torch.tensor([sizes[case] ** -evenness for case in cases])


def with_share(
    weights: torch.Tensor, chosen: torch.Tensor, share: float
) -> torch.Tensor:
    """Scale weights so that the chosen ones sum to a share of the whole.

    Parameters
    ----------
    weights : Tensor of float, shape (N,)
        Of the slices so far.
    chosen : Tensor of bool, shape (N,)
        Which are meant.
    share : float
        In [0, 1).

    Returns
    -------
    Tensor of float, shape (N,)
        `weights` as they are if all or none are chosen.
    """
    if chosen.all() or not chosen.any():
        return weights
    total = {flag: weights[chosen == flag].sum() for flag in (True, False)}
    factors = torch.where(chosen, share / total[True], (1 - share) / total[False])
    return weights * factors * len(weights)

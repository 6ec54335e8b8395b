"""Mix what a network has learnt with what it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["mix_weights"]


def mix_weights(
    network: torch.nn.Module, parent: torch.nn.Module, share: float
) -> None:
    """Move the weights of a network part of the way back to its parent's.

    What lies between the two often keeps most of what is new and forgets less of what
    was known before.

    Parameters
    ----------
    network : Module
        Changed in place.
    parent : Module
        Of the same architecture; what the training of `network` began with.
    share : float
        How much of the parent: 0 changes nothing, 1 is the parent.

    Notes
    -----
    M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    old, mixed = parent.state_dict(), network.state_dict()
    for name, weight in mixed.items():
        if weight.is_floating_point():
            weight.lerp_(old[name].to(weight), share)

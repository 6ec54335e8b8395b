"""Make probabilities less sure, or more, by one temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["temper"]


def temper(probabilities: Tensor, temperature: float) -> Tensor:
    """Divide the logit behind the probability of any class by a temperature.

    The classes keep their shares of it, so a mask at 0.5 stays the same.  Source:
    C. Guo et al., "On calibration of modern neural networks", ICML 2017.

    Parameters
    ----------
    probabilities : Tensor of float32, shape (N, C, H, W)
        In [0, 1], one channel per class, background left out.
    temperature : float
        Above 1 makes them less sure; 1 gives them back as they are.

    Returns
    -------
    Tensor of float32, shape (N, C, H, W)
        In [0, 1]; 0 and 1 stay what they are.

    Raises
    ------
    ValueError
        If `temperature` is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"got the temperature {temperature:g}; it must be above 0.")
    if temperature == 1:
        return probabilities
    # Rounding may leave a sum of classes just above 1.
    any_class = probabilities.sum(dim=1, keepdim=True)
    tempered = torch.sigmoid(torch.logit(any_class.clamp(0, 1)) / temperature)
    return probabilities * torch.where(any_class > 0, tempered / any_class, 0)

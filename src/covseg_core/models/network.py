"""What every segmentation network has in common.

A network says what its channels mean and turns its own output into
probabilities, so that inference and training need not know which one it is.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from covseg_core.labels import LabelSet

__all__ = [
    "SIZE_MULTIPLE",
    "SegmentationNetwork",
    "lesion_probabilities",
    "require_size",
]

SIZE_MULTIPLE = 32
"""Height and width of an input are multiples of this many pixels."""


class SegmentationNetwork(nn.Module):
    """Base of the networks that outline lesions.

    Attributes
    ----------
    label_set : LabelSet
        Meaning of the channels of `predict_probabilities`, in order.
    """

    label_set: LabelSet

    @abstractmethod
    def probabilities(self, output: Any) -> Tensor:
        """Turn what `forward` returned into probabilities.

        Returns
        -------
        Tensor
            (N, C, H, W) in [0, 1], one channel per class of `label_set`;
            background has none.
        """

    def predict_probabilities(self, x: Tensor) -> Tensor:
        """Segment slices `x`, (N, channels, H, W); see `probabilities`."""
        return self.probabilities(self(x))


def lesion_probabilities(logits: Tensor) -> Tensor:
    """Drop the background of softmax over `logits`.

    Parameters
    ----------
    logits : Tensor
        (N, 3, H, W): background and two classes.

    Returns
    -------
    Tensor
        (N, 2, H, W): the two classes, such as opacity and consolidation.
    """
    return logits.softmax(dim=1)[:, 1:]


def require_size(x: Tensor, multiple: int = SIZE_MULTIPLE) -> None:
    """Refuse slices whose sides are not multiples of `multiple` pixels.

    Parameters
    ----------
    x : Tensor
        (N, channels, H, W).
    multiple : int
        Stride of the coarsest feature, in pixels.

    Raises
    ------
    InputRefusedError
        Says the size to pad to.
    """
    # A trace knows the size as a tensor, which cannot be refused.
    if torch.jit.is_tracing():  # type: ignore[attr-defined]
        return
    height, width = x.shape[-2:]
    padded = tuple(max(-(-side // multiple), 1) * multiple for side in (height, width))
    if (height, width) != padded:
        raise InputRefusedError(
            f"got slices of {height} x {width} pixels, but the network needs height "
            f"and width that are multiples of {multiple}. "
            f"Pad them to {padded[0]} x {padded[1]}."
        )

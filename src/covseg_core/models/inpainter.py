"""A segmentation network that repaints slices instead of outlining lesions.

The last layer of every head becomes a linear one that paints the grey image.  What
was learnt below is handed on to the network that outlines.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models.blocks import ConvBN
from covseg_core.models.encoder_unet import EncoderUNet
from covseg_core.models.infnet import InfNet
from covseg_core.models.infnet_joint import InfNetJoint
from covseg_core.models.multi_infnet import MultiInfNet

if TYPE_CHECKING:
    from covseg_core.models.network import SegmentationNetwork

__all__ = ["Inpainter", "heads_of"]


class Inpainter(nn.Module):
    """A copy of a segmentation network, with linear heads that repaint slices.

    Parameters
    ----------
    network : SegmentationNetwork
        Stays as it is.

    Raises
    ------
    ModelRefusedError
        If it is of a kind whose heads are not known.
    """

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.network = deepcopy(network)
        self._replaced = {
            path: self.network.get_submodule(path) for path in heads_of(network)
        }
        for path, head in self._replaced.items():
            self.network.set_submodule(path, _linear(head))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Repaint slices `x`, (N, channels, H, W), of which a part was erased.

        Returns
        -------
        tuple of Tensor
            (N, 1, H, W) of every head.
        """
        return _flat(self.network(x))

    def handed_on(self) -> dict[str, Tensor]:
        """Give the state of the network that outlines: what was learnt, and its heads.

        The heads are those that `network` came with.
        """
        state = self.network.state_dict()
        for path, head in self._replaced.items():
            state = {k: v for k, v in state.items() if not k.startswith(f"{path}.")}
            state |= {f"{path}.{k}": v for k, v in head.state_dict().items()}
        return {key: value.detach().cpu().clone() for key, value in state.items()}


def heads_of(network: nn.Module) -> tuple[str, ...]:
    """Name the last layer of every head of a segmentation network.

    Raises
    ------
    ModelRefusedError
        If it is of a kind whose heads are not known.
    """
    if isinstance(network, InfNet):
        refined = (f"reverse_attention.{name}.head" for name in _names(network))
        return ("decoder.head", *refined, "edge_head")
    if isinstance(network, InfNetJoint):
        return (*_within("prior", network.prior), "head")
    if isinstance(network, MultiInfNet):
        return (*_within("prior", network.prior), "unet.outc.conv")
    if isinstance(network, EncoderUNet):
        return ("head",)
    raise ModelRefusedError(
        f"a {type(network).__name__} cannot be pretrained; choose an --arch among "
        "infnet, multi-infnet, infnet-joint and unet."
    )


def _names(network: InfNet) -> tuple[str, ...]:
    return tuple(network.reverse_attention)


def _within(name: str, part: nn.Module) -> tuple[str, ...]:
    return tuple(f"{name}.{path}" for path in heads_of(part))


def _linear(head: nn.Module) -> nn.Conv2d:
    """Make the layer that paints what `head` would have outlined."""
    old = head.conv if isinstance(head, ConvBN) else head
    if not isinstance(old, nn.Conv2d):
        raise TypeError(f"a {type(old).__name__} is no last layer of a head.")
    rows, columns = old.kernel_size
    return nn.Conv2d(
        old.in_channels, 1, (rows, columns), padding=(rows // 2, columns // 2)
    )


def _flat(output: Any) -> tuple[Tensor, ...]:
    """List the tensors of the named tuples that networks answer with."""
    if isinstance(output, Tensor):
        return (output,)
    return tuple(tensor for part in output for tensor in _flat(part))

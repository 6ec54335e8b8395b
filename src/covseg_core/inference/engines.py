"""What runs a network: torch on any device, or OpenVINO on the CPU.

When memory runs out the batch is halved, down to one slice; then the CPU takes
over.  Nothing that was finished is lost.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.inference.config import RunSettings
    from covseg_core.models.network import SegmentationNetwork

__all__ = [
    "BatchRunner",
    "Engine",
    "OpenVinoEngine",
    "TorchEngine",
    "make_engine",
    "make_runner",
]


class Engine(Protocol):
    """Turns prepared slices into probabilities."""

    name: str
    device: str

    def __call__(self, slices: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) to probabilities (N, C, H, W) on the CPU."""


class TorchEngine:
    """Runs a network as it is.

    Parameters
    ----------
    network : SegmentationNetwork
        Moved to `device`.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    """

    name = "torch"

    def __init__(self, network: SegmentationNetwork, device: str) -> None:
        self.device = device
        self._network = network.eval().to(
            device,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )

    @torch.inference_mode()
    def __call__(self, slices: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) to probabilities (N, C, H, W) on the CPU."""
        slices = slices.to(self.device, memory_format=torch.channels_last)
        return self._network.predict_probabilities(slices).float().cpu()


class OpenVinoEngine:
    """Runs a network compiled for this CPU.

    Parameters
    ----------
    network : SegmentationNetwork
        Converted once, for slices of one size.
    size : int
        Rows and columns of the slices.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, network: SegmentationNetwork, size: int) -> None:
        import openvino

        model = openvino.convert_model(_trace(network, size), input=[-1, 3, size, size])
        self._compiled = openvino.Core().compile_model(
            model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )

    def __call__(self, slices: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) to probabilities (N, C, H, W)."""
        answer = self._compiled(slices.numpy())
        return torch.from_numpy(answer[0].copy())


def _trace(network: SegmentationNetwork, size: int) -> Any:
    with warnings.catch_warnings():
        # torch warns of sizes that are fixed by tracing, which is what we want, and
        # that tracing will go one day.
        warnings.simplefilter("ignore")
        return torch.jit.trace(
            _Probabilities(network.eval()).eval(),
            torch.zeros(1, 3, size, size),
            check_trace=False,
        )


class _Probabilities(torch.nn.Module):
    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self._network = network

    def forward(self, slices: torch.Tensor) -> torch.Tensor:
        return self._network.predict_probabilities(slices)


@dataclass
class BatchRunner:
    """Feeds an engine batch by batch and gives way when memory runs out.

    Parameters
    ----------
    engine : Engine
        Replaced by one on the CPU when the device cannot hold one slice.
    network : SegmentationNetwork
        For that replacement.
    batch_size : int
        Slices at once; halved when they do not fit.
    notes : list of str
        What was given up, for the manifest.
    """

    engine: Engine
    network: SegmentationNetwork
    batch_size: int
    notes: list[str] = field(default_factory=list)

    def run(self, slices: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) to probabilities (N, C, H, W).

        Raises
        ------
        MemoryError
            If the CPU cannot hold one slice either.
        """
        return torch.cat(list(self._parts(slices)))

    def _parts(self, slices: torch.Tensor) -> Iterator[torch.Tensor]:
        done = 0
        while done < len(slices):
            part = slices[done : done + self.batch_size]
            try:
                answer = self.engine(part)
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._give_way(error)
                continue
            done += len(part)
            yield answer

    def _give_way(self, error: BaseException) -> None:
        if self.batch_size > 1:
            self.batch_size //= 2
            self.notes.append(f"memory ran out; went on with {self.batch_size} at once")
        elif self.engine.device != "cpu":
            self.notes.append(f"memory of {self.engine.device} ran out; went on on cpu")
            self.engine = TorchEngine(self.network, "cpu")
        else:
            raise MemoryError(
                "one slice does not fit into this computer's memory; "
                "close other programs or use a smaller model."
            ) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def make_engine(
    network: SegmentationNetwork, size: int, settings: RunSettings
) -> Engine:
    """Choose what runs a network.

    Parameters
    ----------
    network : SegmentationNetwork
        With its weights.
    size : int
        Rows and columns of the slices.
    settings : RunSettings
        Device and engine; ``auto`` takes CUDA if there is one, and torch, as
        OpenVINO converts a network for longer than a usual scan takes.

    Raises
    ------
    UsageError
        If the device or engine that was asked for is not there.
    """
    if settings.engine == "openvino":
        return _openvino(network, size, settings.device)
    return TorchEngine(network, _device(settings.device))


def make_runner(
    network: SegmentationNetwork, size: int, settings: RunSettings
) -> BatchRunner:
    """Choose what runs a network as `make_engine` does, and give way if need be.

    The CPU takes over from a device that cannot hold the network.

    Raises
    ------
    UsageError
        If the device or engine that was asked for is not there.
    """
    try:
        engine = make_engine(network, size, settings)
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        note = f"the engine failed to start ({type(error).__name__}); torch on cpu ran"
        cpu = TorchEngine(network, "cpu")
        return BatchRunner(cpu, network, settings.batch_size, [note])
    return BatchRunner(engine, network, settings.batch_size)


def _openvino(network: SegmentationNetwork, size: int, wanted: str) -> Engine:
    if wanted not in ("auto", "cpu"):
        raise UsageError("the engine openvino runs on the cpu; leave --device away.")
    if not _has_openvino():
        raise UsageError(
            "the engine openvino is not installed; "
            'install it with: pip install "napari-covseg[openvino]"'
        )
    return OpenVinoEngine(network, size)


def _has_openvino() -> bool:
    return importlib.util.find_spec("openvino") is not None


def _device(wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        return wanted
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    number = int(wanted.partition(":")[2] or 0)
    if number >= count:
        raise UsageError(
            f"there is no device {wanted!r}: torch sees {count} CUDA device(s) here. "
            "Use --device auto, or see `covseg doctor`."
        )
    return wanted


def _is_out_of_memory(error: BaseException) -> bool:
    out_of_memory: tuple[Any, ...] = (torch.OutOfMemoryError, MemoryError)
    words = (
        "out of memory",
        "allocate memory",
        "not enough memory",
        "bad_alloc",
        "alloc_failed",
    )
    text = str(error).lower()
    return isinstance(error, out_of_memory) or any(word in text for word in words)

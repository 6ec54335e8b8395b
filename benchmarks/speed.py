"""How fast prediction is here, as ratios within one run.

    python benchmarks/speed.py [--architecture infnet] [--backbone res2net50] [--json]

Prints slices per second of each engine, their ratio to the plain loop (one slice
at a time through eager torch), and how much of the machine's own matrix-product
rate each reaches.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from typing import TYPE_CHECKING

import torch

from covseg_core.inference.engines import OpenVinoEngine, TorchEngine
from covseg_core.models import create_model
from covseg_core.models.cost import measure

if TYPE_CHECKING:
    from collections.abc import Callable

SLICES = 8


def main() -> None:
    """Time every engine in turn, several rounds, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="infnet")
    parser.add_argument("--backbone", default="res2net50")
    parser.add_argument("--size", type=int, default=352)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    network = create_model(options.architecture, backbone=options.backbone).eval()
    gmac = measure(network, options.size).gmac
    slices = torch.rand(SLICES, 3, options.size, options.size)
    ways = {"plain loop": plain_loop(network, options.device)}
    ways["torch"] = TorchEngine(network, options.device)
    if importlib.util.find_spec("openvino") and options.device == "cpu":
        ways["openvino"] = OpenVinoEngine(network, options.size)

    seconds = interleaved(ways, slices, options.rounds)
    peak = matrix_gmac_per_second(options.device)
    plain = seconds["plain loop"]
    report = {
        way: {
            "slices_per_second": round(SLICES / time_taken, 3),
            "times_plain_loop": round(plain / time_taken, 3),
            "share_of_matrix_rate": round(gmac * SLICES / time_taken / peak, 3),
        }
        for way, time_taken in seconds.items()
    }
    show(report, options, gmac, peak)


def plain_loop(
    network: torch.nn.Module, device: str
) -> Callable[[torch.Tensor], torch.Tensor]:
    """One slice after the other, as the published test scripts do."""

    @torch.no_grad()
    def run(slices: torch.Tensor) -> torch.Tensor:
        network.to(device, memory_format=torch.contiguous_format)
        answers = [
            network.predict_probabilities(one.to(device)).cpu()
            for one in slices.split(1)
        ]
        return torch.cat(answers)

    return run


def interleaved(ways: dict, slices: torch.Tensor, rounds: int) -> dict[str, float]:
    """Time the ways in turn, so that a busy moment hits all; medians in s."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run(slices)
            # The first round warms caches and compilers up.
            if number:
                times[way].append(time.perf_counter() - start)
    return {way: statistics.median(taken) for way, taken in times.items()}


def matrix_gmac_per_second(device: str, side: int = 1536) -> float:
    """Multiply two matrices as fast as torch can, in GMAC per second."""
    matrix = torch.rand(side, side, device=device)
    (matrix @ matrix).sum().item()
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        (matrix @ matrix).sum().item()
        best = min(best, time.perf_counter() - start)
    return side**3 / best / 1e9


def show(report: dict, options: argparse.Namespace, gmac: float, peak: float) -> None:
    """Print the report as text or JSON."""
    name = f"{options.architecture} {options.backbone} {options.size}"
    if options.json:
        head = {"network": name, "gmac": gmac, "matrix_gmac_per_second": peak}
        print(json.dumps(head | {"engines": report}, indent=2))
        return
    print(f"{name}: {gmac:.2f} GMAC a slice; matrix product {peak:.0f} GMAC/s")
    for way, figures in report.items():
        print(
            f"{way:12}{figures['slices_per_second']:8.2f} slices/s"
            f"{figures['times_plain_loop']:8.2f} x plain loop"
            f"{100 * figures['share_of_matrix_rate']:8.0f} % of matrix rate"
        )


if __name__ == "__main__":
    main()

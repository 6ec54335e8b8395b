"""How probabilities of infection agree with the truth, counted in one pass.

Expected calibration error, reliability diagram and the one temperature that mends a
network which is too sure: C. Guo et al., "On calibration of modern neural networks",
ICML 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from covseg_core.metrics.logit_bins import FINE_BINS, bins_of, logits_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["Reliability", "ReliabilityRow"]

USUAL_BINS = 15
TEMPERATURES = (0.05, 20.0)


class ReliabilityRow(NamedTuple):
    """One bar of a reliability diagram: voxels of about the same probability."""

    mean_probability: float
    share_infected: float
    voxels: int


@dataclass(frozen=True, eq=False)
class Reliability:
    """Voxels by the logit of their probability, and how many of them are infected.

    Records add up: those of slices to that of a scan, those of scans to that of a
    cross-validation.  Logits are sorted into bins of 0.06, and the mean logit of each
    bin stands for its voxels, so that every figure here holds at any temperature to
    the width of a bin.

    Parameters
    ----------
    counts : ndarray of int64, shape (800,)
        Voxels in each bin of the logit, from -24 to 24.
    infected : ndarray of int64, shape (800,)
        How many of these are infected.
    logit_sums : ndarray of float64, shape (800,)
        Sum of their logits.
    """

    counts: npt.NDArray[np.int64]
    infected: npt.NDArray[np.int64]
    logit_sums: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls,
        probabilities: npt.NDArray[np.float32],
        truth: npt.NDArray[Any],
        within: npt.NDArray[np.bool_] | None = None,
    ) -> Reliability:
        """Count the voxels of a scan or a slice.

        All voxels that are given are counted, or those in `within` alone.  Most of a
        scan is background of which every network is sure: counted whole, it makes
        any network look calibrated.  Give the lungs, or what lies around them, and
        name that region beside the figures (`for_card`).

        Parameters
        ----------
        probabilities : ndarray of float32, shape (...) or (C, ...)
            Of infection in [0, 1]; with an axis more than `truth`, of each class,
            whose sum is then that of infection.
        truth : ndarray, shape (...)
            Every voxel that is not 0 is infected.
        within : ndarray of bool, shape (...), optional
            The region to count.

        Raises
        ------
        ValueError
            If the shapes differ or a probability is not in [0, 1].
        """
        if probabilities.ndim == truth.ndim + 1:
            probabilities = probabilities.sum(axis=0)
        _require_shape(truth.shape, probabilities, within)
        inside: Any = ... if within is None else within.astype(bool)
        p, sick = probabilities[inside].ravel(), (truth[inside] != 0).ravel()
        logits = logits_of(p)
        bins = bins_of(logits)
        return cls(
            np.bincount(bins, minlength=FINE_BINS),
            np.bincount(bins[sick], minlength=FINE_BINS),
            np.asarray(np.bincount(bins, logits, FINE_BINS), np.float64),
        )

    @classmethod
    def nothing(cls) -> Reliability:
        """Begin a sum: no voxel."""
        none = np.zeros(FINE_BINS, np.int64)
        return cls(none, none.copy(), np.zeros(FINE_BINS))

    def __add__(self, other: Reliability) -> Reliability:
        """Count the voxels of both."""
        return Reliability(
            self.counts + other.counts,
            self.infected + other.infected,
            self.logit_sums + other.logit_sums,
        )

    @property
    def n(self) -> int:
        """Voxels counted."""
        return int(self.counts.sum())

    def diagram(
        self, bins: int = USUAL_BINS, temperature: float = 1.0
    ) -> tuple[ReliabilityRow, ...]:
        """Compare probabilities with how often they came true.

        Parameters
        ----------
        bins : int
            Of equal width in probability.
        temperature : float
            What logits are divided by.

        Returns
        -------
        tuple of ReliabilityRow
            From low to high probability; bins without a voxel are left out.
        """
        counts, infected, logits = self._occupied()
        p = expit(logits / _require_temperature(temperature))
        place = np.minimum((p * bins).astype(np.intp), bins - 1)
        voxels = np.bincount(place, weights=counts, minlength=bins)
        sick = np.bincount(place, weights=infected, minlength=bins)
        total = np.bincount(place, weights=counts * p, minlength=bins)
        return tuple(
            ReliabilityRow(float(total[i] / n), float(sick[i] / n), int(n))
            for i, n in enumerate(voxels)
            if n
        )

    def ece(self, temperature: float = 1.0, bins: int = USUAL_BINS) -> float:
        """Compute the expected calibration error, in [0, 1]; NaN without a voxel."""
        if not self.n:
            return math.nan
        rows = self.diagram(bins, temperature)
        wrong = (abs(row.share_infected - row.mean_probability) for row in rows)
        each = (row.voxels * by for row, by in zip(rows, wrong, strict=True))
        return sum(each) / self.n

    def nll(self, temperature: float = 1.0) -> float:
        """Compute the mean negative log-likelihood in nats; NaN without a voxel."""
        if not self.n:
            return math.nan
        counts, infected, logits = self._occupied()
        scaled = logits / _require_temperature(temperature)
        loss = counts * np.logaddexp(0, scaled) - infected * scaled
        return float(loss.sum() / self.n)

    def best_temperature(self) -> float:
        """Find the temperature in [0.05, 20] of the smallest `nll`.

        It is that of one probability, of infection.  Where a model tells classes
        apart, `transforms.temper` softens all of them at once, and their sum a little
        otherwise than the sum alone: count what is answered with this temperature
        again before figures of it are told.

        Raises
        ------
        ValueError
            If no infected voxel was counted, or none that is not.
        """
        sick = int(self.infected.sum())
        if not 0 < sick < self.n:
            raise ValueError(
                f"got {sick} infected voxels of {self.n}; a temperature is found from "
                "infected and other voxels together. Count more scans, or a region "
                "that holds both."
            )
        found = minimize_scalar(
            lambda log: self.nll(math.exp(log)),
            bounds=[math.log(end) for end in TEMPERATURES],
            method="bounded",
            options={"xatol": 1e-6},
        )
        return math.exp(found.x)

    def for_card(self, region: str, temperature: float = 1.0) -> dict[str, Any]:
        """Tell what `ModelCard.calibration` holds, as plain values for JSON.

        Parameters
        ----------
        region : str
            What was counted, such as "within 10 mm of the lungs".
        temperature : float
            What the logits that were counted are to be divided by; 1 if the answers
            were tempered already.

        Raises
        ------
        ValueError
            If no voxel was counted.
        """
        if not self.n:
            raise ValueError("no voxel was counted; count at least one scan.")
        return {
            "region": region,
            "n": self.n,
            "temperature": round(temperature, 4),
            "ece": round(self.ece(temperature), 5),
            "rows": [
                [
                    round(row.mean_probability, 5),
                    round(row.share_infected, 5),
                    row.voxels,
                ]
                for row in self.diagram(temperature=temperature)
            ],
        }

    def as_dict(self) -> dict[str, Any]:
        """Give the counts as plain values for JSON; `from_dict` reads them."""
        return {
            "counts": self.counts.tolist(),
            "infected": self.infected.tolist(),
            "logit_sums": self.logit_sums.tolist(),
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Reliability:
        """Read what `as_dict` gave.

        Raises
        ------
        ValueError
            If a list is not there, or is not of 800 numbers.
        """
        return cls(
            _numbers(told, "counts").astype(np.int64),
            _numbers(told, "infected").astype(np.int64),
            _numbers(told, "logit_sums"),
        )

    def _occupied(self) -> tuple[npt.NDArray[Any], ...]:
        """Give voxels, infected voxels and mean logit of each bin with a voxel."""
        some = self.counts > 0
        counts = self.counts[some]
        return counts, self.infected[some], self.logit_sums[some] / counts


def _numbers(told: Mapping[str, Any], name: str) -> npt.NDArray[np.float64]:
    array = np.asarray(told.get(name, ()), np.float64)
    if array.shape != (FINE_BINS,):
        raise ValueError(
            f"{name}: got {array.size} numbers, a record of reliability has "
            f"{FINE_BINS}. It was made by another program; count again."
        )
    return array


def _require_shape(
    shape: tuple[int, ...],
    probabilities: npt.NDArray[Any],
    within: npt.NDArray[Any] | None,
) -> None:
    named = {"probabilities": probabilities, "within": within}
    for name, array in named.items():
        if array is not None and array.shape != shape:
            raise ValueError(
                f"{name} must have the shape of the truth, {shape}, got {array.shape}."
            )


def _require_temperature(temperature: float) -> float:
    if not temperature > 0:
        raise ValueError(f"got the temperature {temperature:g}; it must be above 0.")
    return temperature

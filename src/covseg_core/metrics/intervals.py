"""How sure a mean over cases is, and whether two models differ.

Cases of one patient resemble each other, so what is resampled or has its sign
flipped is always a patient with all of his cases, never a single case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = [
    "Interval",
    "PairedComparison",
    "bootstrap_interval",
    "compare_paired",
    "mean_interval",
]

Z_95 = 1.96
PERCENTILES = (2.5, 97.5)
EXACT_UP_TO = 12


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval.

    Parameters
    ----------
    mean : float
        Over the defined values; NaN when there is none.
    low, high : float
        Ends of the interval; NaN when fewer than two cases or patients stand
        behind it.
    n : int
        Number of defined values.
    """

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class PairedComparison:
    """Two models on the same cases.

    Parameters
    ----------
    mean_before, mean_after : float
        Mean of each over the cases in which both are defined.
    difference : float
        `mean_after` - `mean_before`.
    low, high : float
        95 % bootstrap interval of the difference; NaN with fewer than two patients.
    p_value : float
        Two-sided, of the sign-flip test over patients; NaN without a case.
    n : int
        Number of cases compared.
    """

    mean_before: float
    mean_after: float
    difference: float
    low: float
    high: float
    p_value: float
    n: int


def mean_interval(values: Sequence[float] | npt.NDArray[np.floating]) -> Interval:
    """Compute the mean ± 1.96 standard errors, as the papers print it.

    Parameters
    ----------
    values : sequence of float, length N
        One value per case; NaN is an undefined value and is left out.
    """
    defined = np.asarray(values, np.float64)
    defined = defined[~np.isnan(defined)]
    mean = _mean(defined)
    if len(defined) < 2:
        return Interval(mean, math.nan, math.nan, len(defined))
    reach = Z_95 * float(defined.std(ddof=1)) / math.sqrt(len(defined))
    return Interval(mean, mean - reach, mean + reach, len(defined))


def bootstrap_interval(
    values: Sequence[float] | npt.NDArray[np.floating],
    patients: Sequence[str] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Compute the mean and the percentile bootstrap interval over patients.

    Parameters
    ----------
    values : sequence of float, length N
        One value per case; NaN is an undefined value and is left out.
    patients : sequence of str, length N, optional
        Whose case each is; by default each case has its own patient.
    draws : int
        Number of resampled sets of patients.
    seed : int
        Same seed, same interval.

    Raises
    ------
    ValueError
        If there are not as many patients as values.
    """
    array = np.asarray(values, np.float64)
    owners = _owners(len(array), patients)
    defined = ~np.isnan(array)
    array = array[defined]
    sums, counts = _per_patient(array, owners[defined])
    low, high = _percentiles(sums, counts, draws, seed)
    return Interval(_mean(array), low, high, len(array))


def compare_paired(
    before: Sequence[float] | npt.NDArray[np.floating],
    after: Sequence[float] | npt.NDArray[np.floating],
    patients: Sequence[str] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> PairedComparison:
    """Compare two models case by case.

    The p-value says how often a mean difference at least this far from 0 comes up
    when, for each patient, chance decides which model is which: over all 2^P
    ways for up to 12 patients, over `draws` random ones beyond.

    Parameters
    ----------
    before, after : sequence of float, length N
        A measure of each model on the same cases; a pair with a NaN is left out.
    patients : sequence of str, length N, optional
        Whose case each is; by default each case has its own patient.
    draws : int
        Number of resampled sets, and of random flips.
    seed : int
        Same seed, same interval and p-value.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if len(first) != len(second):
        raise ValueError(
            f"the models must be scored on the same cases, got {len(first)} and "
            f"{len(second)} values."
        )
    owners = _owners(len(first), patients)
    defined = ~(np.isnan(first) | np.isnan(second))
    first, second = first[defined], second[defined]
    sums, counts = _per_patient(second - first, owners[defined])
    low, high = _percentiles(sums, counts, draws, seed)
    p_value = _sign_flip(sums, draws, seed)
    means = _mean(first), _mean(second)
    return PairedComparison(*means, means[1] - means[0], low, high, p_value, len(first))


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


def _owners(cases: int, patients: Sequence[str] | None) -> npt.NDArray[np.intp]:
    """Give the number of the patient that each case belongs to, (N,)."""
    if patients is None:
        return np.arange(cases)
    if len(patients) != cases:
        raise ValueError(f"{cases} values need as many patients, got {len(patients)}.")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(patients))}
    return np.array([numbers[name] for name in patients], np.intp)


def _per_patient(
    values: npt.NDArray[np.float64], owners: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum and count the values of each patient who has one, two (P,) arrays."""
    counts = np.bincount(owners)
    present = counts > 0
    sums = np.bincount(owners, values).astype(np.float64)
    return sums[present], counts[present].astype(np.float64)


def _percentiles(
    sums: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
    draws: int,
    seed: int,
) -> tuple[float, float]:
    if len(sums) < 2:
        return math.nan, math.nan
    picked = np.random.default_rng(seed).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), draws
    )
    low, high = np.percentile((picked @ sums) / (picked @ counts), PERCENTILES)
    return float(low), float(high)


def _sign_flip(sums: npt.NDArray[np.float64], draws: int, seed: int) -> float:
    patients = len(sums)
    if patients == 0:
        return math.nan
    exact = patients <= EXACT_UP_TO
    if exact:
        flips = np.arange(2**patients)[:, None] >> np.arange(patients) & 1
    else:
        flips = np.random.default_rng(seed).integers(0, 2, (draws, patients))
    flipped = np.abs((1 - 2 * flips) @ sums)
    # Rounding must not push the flips that equal the observation below it.
    observed = abs(sums.sum()) - 1e-12 * np.abs(sums).sum()
    as_far = int((flipped >= observed).sum())
    # The observation itself is one of the ways, drawn or not.
    return as_far / len(flips) if exact else (as_far + 1) / (draws + 1)

"""How far volumes and shares may be off, from the probabilities of a model.

One assumption makes intervals of a whole scan from probabilities of voxels: that all
voxels err together.  With one uniform number U for the whole scan, a voxel is
infected where its probability exceeds U.  Of all ways to join the voxels, this one
gives the volume its largest variance, so the interval is on the wide side; were the
voxels independent, their errors would cancel and the interval would be very narrow.

So wide that 95 % may span all of the lung: 50 % is what is shown by default, the
voxels above 0.75 and those above 0.25.

It rests on **calibrated** probabilities: of the voxels called infected with
probability 0.8, eight in ten must be.  It tells nothing of what a reader corrected,
nor of disease that a model does not know.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import Lung
from covseg_core.settings import Settings, setting
from covseg_core.severity.measured import measured_sides
from covseg_core.severity.opacity import measure_opacity
from covseg_core.severity.regions import require_lungs
from covseg_core.transforms.postprocess import classes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from covseg_core.severity.opacity import RegionOpacity
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = ["Interval", "IntervalSettings", "Range", "masks_at", "measure_interval"]

_REGIONS = "both", "right", "left"
_BASIS = (
    "Probabilities of the model, taken as calibrated, with the errors of all voxels "
    "taken as wholly dependent: a wide interval."
)


class IntervalSettings(Settings):
    """How sure an interval is to be."""

    level_percent: float = setting(
        50.0,
        "How often the interval should hold the true value.",
        unit="%",
        low=50,
        high=99.9,
    )

    @property
    def tail(self) -> float:
        """Probability on either side of the interval, such as 0.025."""
        return (100.0 - self.level_percent) / 200.0


@dataclass(frozen=True)
class Range:
    """A figure of the mask, and between what it may lie.

    Parameters
    ----------
    measured : float
        In the mask itself.
    low, high : float
        Ends of the interval.
    expected : float or None
        Mean under the model's probabilities; None where it is not computed.
    """

    measured: float
    low: float
    high: float
    expected: float | None = None

    @property
    def holds_measured(self) -> bool:
        """Whether the figure of the mask lies in the interval."""
        return self.low <= self.measured <= self.high


@dataclass(frozen=True)
class Interval:
    """Intervals of volumes (ml) and shares (%) in both lungs and in each.

    Parameters
    ----------
    level_percent : float
        Of all intervals.
    figures : dict of str to dict of str to Range
        By ``both``, ``right``, ``left``, then by name, such as ``infection_ml``,
        ``ggo_ml``, ``percent_opacity``; a figure that is undefined is left out.
    remarks : tuple of str
        What a careful reader should know.
    """

    level_percent: float
    figures: dict[str, dict[str, Range]]
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        regions = {
            region: {name: asdict(one) for name, one in figures.items()}
            for region, figures in self.figures.items()
        }
        return {
            "level_percent": self.level_percent,
            "remarks": list(self.remarks),
            **regions,
        }


_DEFAULTS = IntervalSettings()


def masks_at(
    probabilities: npt.NDArray[np.float32],
    lesions: LesionMask,
    lungs: LungMask,
    settings: IntervalSettings = _DEFAULTS,
) -> tuple[LesionMask, LesionMask]:
    """Make the masks at both ends of the interval, to score each.

    Any figure that cannot fall when infection is added, such as a severity score, has
    its interval between those of the two masks.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (C, Z, Y, X)
        Of the classes of `lesions`, in their order, in [0, 1]; those of several are
        added up where `lesions` tells none apart.
    lesions : LesionMask
        The mask that was made of them.
    lungs : LungMask
        On its grid.  Outside the lungs a model suspects this and that; only what the
        mask itself holds there can be infected.
    settings : IntervalSettings
        The level.

    Returns
    -------
    tuple of LesionMask
        Low and high: infected where the probabilities of all classes together exceed
        ``1 - tail`` and ``tail``.  The class is the likeliest one, as in the mask.

    Raises
    ------
    GeometryError
        If the shapes differ.
    InputRefusedError
        If there is not one channel per class.
    """
    probabilities = _fitting(probabilities, lesions)
    low, high = np.zeros((2, *lesions.labels.shape), np.uint8)
    # Slice by slice, as whole scans at once would hold up other threads.
    for z in range(len(low)):
        low[z] = classes_of(probabilities[:, z], 1.0 - settings.tail)
        high[z] = classes_of(probabilities[:, z], settings.tail)
        outside = (lungs.labels[z] == 0) & (lesions.labels[z] == 0)
        low[z][outside] = high[z][outside] = 0
    return replace(lesions, labels=low), replace(lesions, labels=high)


def measure_interval(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    probabilities: npt.NDArray[np.float32],
    settings: IntervalSettings = _DEFAULTS,
) -> Interval:
    """Measure between what volumes and shares may lie.

    Low and high are what `measure_opacity` finds in the masks of `masks_at`.  The
    expected volume of a class is the sum of the probabilities of infection where it is
    the likeliest one, over the lungs and what the high mask holds beside them.

    Parameters
    ----------
    ct, lesions, lungs : CTVolume, LesionMask, LungMask
        As for `measure_opacity`; `lesions` is the mask whose figures are shown.
    probabilities : ndarray of float32, shape (C, Z, Y, X)
        See `masks_at`.
    settings : IntervalSettings
        The level.

    Raises
    ------
    GeometryError
        If masks or probabilities do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty, or there is not one channel per class.
    """
    require_lungs(ct, lesions, lungs)
    probabilities = _fitting(probabilities, lesions)
    low, high = masks_at(probabilities, lesions, lungs, settings)
    reports = [measure_opacity(ct, mask, lungs) for mask in (lesions, low, high)]
    expected = _expected_ml(ct, high, lungs, probabilities)
    figures = {
        region: dict(_ranges([getattr(one, region) for one in reports], means))
        for region, means in zip(_REGIONS, expected, strict=True)
    }
    return Interval(settings.level_percent, figures, (_BASIS, *_remarks(figures)))


def _fitting(
    probabilities: npt.NDArray[np.float32], lesions: LesionMask
) -> npt.NDArray[np.float32]:
    """Check probabilities and give one channel for each class of the mask."""
    if probabilities.shape[1:] != lesions.labels.shape:
        raise GeometryError(
            f"the probabilities have {probabilities.shape[1:]} voxels and the mask "
            f"{lesions.labels.shape}; both must lie on the grid of the scan."
        )
    classes = len(lesions.label_set.classes)
    if len(probabilities) == classes:
        return probabilities
    if not lesions.is_multi:
        return probabilities.sum(axis=0, keepdims=True).clip(max=1)
    raise InputRefusedError(
        f"there are probabilities of {len(probabilities)} classes, but the mask "
        f"has {classes}; give those that the mask was made of."
    )


def _expected_ml(
    ct: CTVolume,
    high: LesionMask,
    lungs: LungMask,
    probabilities: npt.NDArray[np.float32],
) -> list[dict[str, float]]:
    """Sum probabilities by class, in the order of `_REGIONS`."""
    sides = measured_sides(ct, high, lungs)
    keys = high.label_set.keys
    sums = np.zeros((3, len(keys)))
    for z, plane in enumerate(sides):
        inside = plane > 0
        here = probabilities[:, z][:, inside]
        code = plane[inside].astype(np.intp) * len(keys) + here.argmax(axis=0)
        infected = here.sum(axis=0).clip(max=1)
        sums += np.bincount(code, infected, sums.size).reshape(sums.shape)
    by_region = sums.sum(axis=0), sums[Lung.RIGHT], sums[Lung.LEFT]
    voxel_ml = ct.grid.voxel_ml
    return [
        dict(zip(keys, (region * voxel_ml).tolist(), strict=True))
        for region in by_region
    ]


def _ranges(
    regions: list[RegionOpacity], expected_ml: dict[str, float]
) -> Iterator[tuple[str, Range]]:
    """Name the figures of one region, given for the mask, the low and the high one."""
    measured, low, high = regions
    yield (
        "infection_ml",
        Range(
            measured.infection_ml,
            low.infection_ml,
            high.infection_ml,
            sum(expected_ml.values()),
        ),
    )
    if len(expected_ml) > 1:
        for key, mean in expected_ml.items():
            ends = low.lesion_ml[key], high.lesion_ml[key]
            yield f"{key}_ml", Range(measured.lesion_ml[key], *ends, mean)
    for name in ("percent_opacity", "percent_high_opacity"):
        values = [getattr(one, name) for one in regions]
        if None not in values:
            # Air beside the lungs enlarges them, and so may lower a share of them.
            yield name, Range(values[0], min(values[1:]), max(values[1:]))


def _remarks(figures: dict[str, dict[str, Range]]) -> Iterator[str]:
    whole = figures["both"]["infection_ml"]
    if not whole.holds_measured:
        yield (
            f"The {whole.measured:.1f} ml of the mask lie outside the "
            "interval: it was corrected, or lost small islands, after the model "
            "had made its probabilities."
        )
    if whole.expected is not None and not whole.low <= whole.expected <= whole.high:
        yield (
            f"All probabilities add up to {whole.expected:.1f} ml, which lies outside "
            "the interval: they may not be calibrated."
        )

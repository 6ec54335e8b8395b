"""Lay the lungs of an earlier scan onto those of a later one of the same patient.

The motion is rigid: it undoes how the patient lay, not how deep the breath was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import InputRefusedError
from covseg_core.metrics.overlap import dice
from covseg_core.settings import Settings, setting
from covseg_core.severity.rigid import Rigid
from covseg_core.severity.soft_lungs import SoftLungs, thinned
from covseg_core.transforms.orient import standardise_mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from covseg_core.volume import LungMask

__all__ = ["LungMatch", "MatchSettings", "match_lungs"]

_BLUR_MM = 15.0, 5.0
"""First far-sighted, then sharp."""
_SOFT = 0.1
"""Differences above count linearly: breath and disease change parts of a lung."""
_MOST_POINTS = 4_000
_MOST_STEPS = 30
_ENOUGH = 1e-4
"""A step that gains a smaller share is the last."""

_CUT_SHARE = 0.1
"""A first or last slice with more of the largest area of lung cuts it off."""


class MatchSettings(Settings):
    """How to match the lungs of two scans."""

    coarse_mm: float = setting(
        3.0,
        "Finer voxels than this are thinned out for the match.",
        unit="mm",
        low=1,
        high=8,
    )
    least_dice: float = setting(
        0.85,
        "Below this overlap of the lungs, a match is called doubtful.",
        low=0,
        high=1,
    )


@dataclass(frozen=True, eq=False)
class LungMatch:
    """How the lungs of two scans were laid onto each other.

    Parameters
    ----------
    rigid : Rigid
        From the world of the earlier scan to that of the later one.
    dice_before, dice_after : float
        Overlap of both lungs in the field of the later scan, without and with it.
    remarks : tuple of str
        Whether the lungs are cut off, or the match is doubtful.
    """

    rigid: Rigid
    dice_before: float
    dice_after: float
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            "rotation_degrees": self.rigid.angle_degrees,
            "shift_mm": self.rigid.distance_mm,
            "shift_lps_mm": self.rigid.shift_mm.tolist(),
            "matrix_lps_mm": self.rigid.matrix.tolist(),
            "lung_dice_before": self.dice_before,
            "lung_dice_after": self.dice_after,
            "remarks": list(self.remarks),
        }


_DEFAULTS = MatchSettings()


def match_lungs(
    fixed: LungMask, moving: LungMask, settings: MatchSettings = _DEFAULTS
) -> LungMatch:
    """Find the rigid motion that lays `moving` best onto `fixed`.

    Both masks are averaged to coarse voxels and blurred; the motion makes the sum of
    soft-L1 differences of right and of left lung smallest, by least squares from
    equal centres of mass, first at a blur of 15 mm, then of 5 mm.  The same masks
    always give the same motion.

    Parameters
    ----------
    fixed, moving : LungMask
        Of the later and of the earlier scan, each on its own grid in any orientation,
        with the lungs whole.
    settings : MatchSettings
        Coarseness, and what is called doubtful.

    Raises
    ------
    InputRefusedError
        If a mask is empty.
    """
    for which, lungs in (("later", fixed), ("earlier", moving)):
        if not lungs.labels.any():
            raise InputRefusedError(
                f"the lung mask of the {which} scan is empty, so the scans cannot be "
                "matched; give a lung mask with 1 right and 2 left."
            )
    rigid = _align(*(SoftLungs.of(one, settings.coarse_mm) for one in (fixed, moving)))
    seen = thinned(fixed, settings.coarse_mm)
    still = Rigid(np.eye(3), np.zeros(3), np.zeros(3))
    before, after = (
        dice(motion.onto(moving.labels, moving.grid, seen.grid), seen.labels)
        for motion in (still, rigid)
    )
    doubts = (*_cuts(fixed, moving), *_doubts(after, settings))
    return LungMatch(rigid, before, after, doubts)


def _align(fixed: SoftLungs, moving: SoftLungs) -> Rigid:
    centre = moving.centre_mm
    motion = np.concatenate((np.zeros(3), fixed.centre_mm - centre))
    for blur_mm in _BLUR_MM:
        blurred = fixed.blurred(blur_mm), moving.blurred(blur_mm)
        motion = _refined(motion, centre, *blurred)
    return Rigid.from_vector(motion, centre)


def _refined(
    motion: npt.NDArray[np.float64],
    centre: npt.NDArray[np.float64],
    fixed: SoftLungs,
    moving: SoftLungs,
) -> npt.NDArray[np.float64]:
    """Improve a motion, (6,); see `Rigid.from_vector`."""
    from scipy.optimize import least_squares

    points = moving.points_mm(_MOST_POINTS)
    wanted = moving.at(points)

    def differences(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        moved = Rigid.from_vector(vector, centre).move(points)
        return (fixed.at(moved) - wanted).ravel()

    # A hundredth of a radian moves the rim of the lungs by about a millimetre.
    scale = (0.01, 0.01, 0.01, 1.0, 1.0, 1.0)
    found = least_squares(
        differences,
        motion,
        loss="soft_l1",
        f_scale=_SOFT,
        x_scale=scale,
        ftol=_ENOUGH,
        max_nfev=_MOST_STEPS,
    )
    return np.asarray(found.x)


def _cuts(fixed: LungMask, moving: LungMask) -> Iterator[str]:
    for which, lungs in (("later", fixed), ("earlier", moving)):
        areas = np.count_nonzero(standardise_mask(lungs).labels, axis=(1, 2))
        if max(areas[0], areas[-1]) > _CUT_SHARE * areas.max():
            yield (
                f"The {which} scan seems to cut the lungs off above or below, so the "
                "match may be shifted."
            )


def _doubts(dice_after: float, settings: MatchSettings) -> Iterator[str]:
    if dice_after < settings.least_dice:
        yield (
            f"The lungs of the two scans overlap by a Dice of {dice_after:.2f} only "
            f"(at least {settings.least_dice:.2f} is expected): look at the match "
            "before trusting what is new and what resolved."
        )

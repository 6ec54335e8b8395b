"""Where in the lungs the infection lies, and in how many pieces."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from covseg_core.editing.box import class_box
from covseg_core.labels import Lung
from covseg_core.settings import Settings, setting
from covseg_core.severity.depth import near_surface
from covseg_core.severity.measured import measured_sides
from covseg_core.severity.parts import count_parts
from covseg_core.transforms.orient import Orientation, standardise_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = [
    "Distribution",
    "DistributionSettings",
    "Laterality",
    "PartShare",
    "measure_distribution",
]

Laterality: TypeAlias = Literal["unilateral", "bilateral"]
_SIDES = ("right", "left")
_HEIGHTS = ("lower", "middle", "upper")
_FACES = ("anterior", "posterior")
_DEPTHS = ("central", "peripheral")


class DistributionSettings(Settings):
    """How the lungs are divided to tell where infection lies."""

    peripheral_mm: float = setting(
        20.0,
        "Lung this near its surface is peripheral.",
        unit="mm",
        low=1,
        high=60,
    )


@dataclass(frozen=True)
class PartShare:
    """Infection in one part of the lungs.

    Parameters
    ----------
    key : str
        Such as ``upper``.
    lung_ml, infection_ml : float
        Volumes in this part; the lung includes the infection.
    percent_of_infection : float or None
        Share of all infection that lies here; None when there is none.
    percent_opacity : float or None
        Share of this part that is infected; None where it has no voxel.
    """

    key: str
    lung_ml: float
    infection_ml: float
    percent_of_infection: float | None
    percent_opacity: float | None


@dataclass(frozen=True)
class Distribution:
    """Where infection lies.

    All directions are the patient's, in world coordinates, and every part is of each
    lung by itself: thirds of its own height, halves of its own depth.

    Parameters
    ----------
    laterality : {"unilateral", "bilateral"} or None
        Bilateral when each lung holds infection, be it one voxel; None without any,
        and where the lung mask has one lung only.
    sides : tuple of PartShare
        Right and left.
    heights : tuple of PartShare
        Upper, middle and lower third.
    depths : tuple of PartShare
        Peripheral, within `peripheral_mm` of the surface of its lung (see
        `near_surface`), and central.
    faces : tuple of PartShare
        Posterior and anterior half.
    peripheral_mm : float
        What counts as peripheral.
    lesion_ml : tuple of float
        Volume of every separate lesion, largest first.  Infected voxels of any class
        belong together if they touch by faces, edges or corners.
    slices : int
        In which the lungs lie, counted from foot to head.
    """

    laterality: Laterality | None
    sides: tuple[PartShare, ...]
    heights: tuple[PartShare, ...]
    depths: tuple[PartShare, ...]
    faces: tuple[PartShare, ...]
    peripheral_mm: float
    lesion_ml: tuple[float, ...]
    slices: int

    @property
    def lesion_count(self) -> int:
        """How many separate lesions there are."""
        return len(self.lesion_ml)

    @property
    def largest_ml(self) -> float | None:
        """Volume of the largest lesion; None without any."""
        return self.lesion_ml[0] if self.lesion_ml else None

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        parts = self.sides, self.heights, self.depths, self.faces
        names = "sides", "heights", "depths", "faces"
        tables = {
            name: {one.key: _plain(one) for one in shares}
            for name, shares in zip(names, parts, strict=True)
        }
        return {
            "laterality": self.laterality,
            **tables,
            "peripheral_mm": self.peripheral_mm,
            "lesion_count": self.lesion_count,
            "largest_lesion_ml": self.largest_ml,
            "lesion_ml": list(self.lesion_ml),
        }


_DEFAULTS = DistributionSettings()


def measure_distribution(
    ct: CTVolume,
    lesions: LesionMask,
    lungs: LungMask,
    settings: DistributionSettings = _DEFAULTS,
) -> Distribution:
    """Measure where in the lungs the infection lies.

    Parameters
    ----------
    ct : CTVolume
        Padding takes no part.
    lesions, lungs : LesionMask, LungMask
        On the grid of `ct`, in any orientation, oblique ones too.  Infection outside
        the lungs is added to the lung that it is nearest to.
    settings : DistributionSettings
        What is peripheral.

    Raises
    ------
    GeometryError
        If the masks do not lie on the grid of `ct`.
    InputRefusedError
        If the lung mask is empty.
    """
    sides = measured_sides(ct, lesions, lungs)
    standard = Orientation(ct.grid).standard_grid
    sides = standardise_mask(replace(lungs, labels=sides)).labels
    infected = (standardise_mask(lesions).labels > 0) & (sides > 0)
    rim = np.zeros(sides.shape, bool)
    for side in (Lung.RIGHT, Lung.LEFT):
        lung = sides == side
        rim |= near_surface(lung, standard.spacing_mm_zyx, settings.peripheral_mm)
    counts = count_parts(sides, rim, infected, standard)
    by_side = counts.sum(axis=(1, 2, 3))
    return Distribution(
        laterality=_laterality(by_side),
        sides=_shares(counts, 0, _SIDES, standard.voxel_ml),
        heights=_shares(counts, 1, _HEIGHTS, standard.voxel_ml)[::-1],
        faces=_shares(counts, 2, _FACES, standard.voxel_ml)[::-1],
        depths=_shares(counts, 3, _DEPTHS, standard.voxel_ml)[::-1],
        peripheral_mm=settings.peripheral_mm,
        lesion_ml=_lesions_ml(infected, standard.voxel_ml),
        slices=int(np.count_nonzero(sides.any(axis=(1, 2)))),
    )


def _laterality(by_side: npt.NDArray[np.int64]) -> Laterality | None:
    """Tell it from the healthy and infected voxels of each lung, (2, 2)."""
    involved = np.count_nonzero(by_side[:, 1])
    if involved == 0 or not by_side.any(axis=1).all():
        return None
    return "bilateral" if involved == len(_SIDES) else "unilateral"


def _shares(
    counts: npt.NDArray[np.int64], axis: int, keys: tuple[str, ...], voxel_ml: float
) -> tuple[PartShare, ...]:
    others = tuple(other for other in range(4) if other != axis)
    by_part = counts.sum(axis=others)
    total = int(by_part[:, 1].sum())
    return tuple(
        PartShare(
            key=key,
            lung_ml=int(healthy + infected) * voxel_ml,
            infection_ml=int(infected) * voxel_ml,
            percent_of_infection=_percent(infected, total),
            percent_opacity=_percent(infected, healthy + infected),
        )
        for key, (healthy, infected) in zip(keys, by_part, strict=True)
    )


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * int(part) / int(whole) if whole else None


def _lesions_ml(infected: npt.NDArray[np.bool_], voxel_ml: float) -> tuple[float, ...]:
    from scipy import ndimage

    box = class_box(infected.view(np.uint8), 1)
    if box is None:
        return ()
    islands, _ = ndimage.label(infected[box], structure=np.ones((3, 3, 3)))
    sizes = np.bincount(islands.ravel())[1:]
    return tuple(int(size) * voxel_ml for size in np.sort(sizes)[::-1])


def _plain(share: PartShare) -> dict[str, Any]:
    return {name: value for name, value in asdict(share).items() if name != "key"}

"""What the bundled models are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from covseg_core.phantom.disturbances.grey import noisy, windowed_to_8_bit
from covseg_core.phantom.disturbances.metal import with_metal
from covseg_core.phantom.disturbances.picture import placed_on
from covseg_core.phantom.disturbances.resample import with_matrix, with_slices
from covseg_core.phantom.disturbances.storage import stored_otherwise
from covseg_core.phantom.disturbances.surroundings import with_arms, with_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from covseg_core.phantom.disturbances.storage import Flips, Order
    from covseg_core.volume import CTVolume, LabelVolume

__all__ = ["DISTURBANCES", "Disturbance"]


@dataclass(frozen=True)
class Disturbance:
    """One way in which a scan of the same patient may differ.

    Parameters
    ----------
    kind : str
        What differs: storage, slices, matrix, surroundings, metal or grey.
    name : str
        How, in words.
    change : Callable
        Gives the changed scan.
    moves_voxels : bool
        Whether `change` must be given masks too; else they stay where they are.
    """

    kind: str
    name: str
    change: Callable[[Any], Any]
    moves_voxels: bool = False

    def scan(self, ct: CTVolume) -> CTVolume:
        """Change a scan, upright and in HU."""
        changed: CTVolume = self.change(ct)
        return changed

    def mask(self, mask: LabelVolume, changed: CTVolume) -> LabelVolume:
        """Bring a mask of the scan onto the changed one."""
        if self.moves_voxels:
            moved: LabelVolume = self.change(mask)
            return moved
        return placed_on(mask, changed.grid)


def _arms_on_a_table(ct: CTVolume) -> CTVolume:
    return with_table(with_arms(ct))


def _turn(name: str, order: Order, flips: Flips) -> Disturbance:
    change = partial(stored_otherwise, order=order, flips=flips)
    return Disturbance("storage", name, change, moves_voxels=True)


def _slices(thickness_mm: float) -> Disturbance:
    change = partial(with_slices, thickness_mm=thickness_mm)
    return Disturbance("slices", f"{thickness_mm:g} mm", change, moves_voxels=True)


def _matrix(columns: int) -> Disturbance:
    change = partial(with_matrix, columns=columns)
    return Disturbance("matrix", f"{columns} columns", change, moves_voxels=True)


def _window(low_hu: float, high_hu: float) -> Disturbance:
    change = partial(windowed_to_8_bit, low_hu=low_hu, high_hu=high_hu)
    return Disturbance("grey", f"8 bit, {low_hu:g} to {high_hu:g} HU", change)


def _noise(sigma_hu: float) -> Disturbance:
    change = partial(noisy, sigma_hu=sigma_hu)
    return Disturbance("grey", f"noise of {sigma_hu:g} HU", change)


DISTURBANCES = (
    _turn("slices from the head down", (0, 1, 2), (True, False, False)),
    _turn("rows and columns backwards", (0, 1, 2), (False, True, True)),
    _turn("sagittal", (2, 0, 1), (False, True, False)),
    *(_slices(thickness_mm) for thickness_mm in (1, 2.5, 5, 10)),
    *(_matrix(columns) for columns in (256, 512, 768)),
    Disturbance("surroundings", "arms", with_arms),
    Disturbance("surroundings", "table", with_table),
    Disturbance("surroundings", "arms on a table", _arms_on_a_table),
    Disturbance("metal", "screws, wire, pacemaker", with_metal),
    *(_noise(sigma_hu) for sigma_hu in (20, 60)),
    _window(-1350, 150),
    _window(-1000, 400),
)
"""Everything that the scans of other hospitals bring, one at a time."""

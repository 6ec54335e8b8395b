"""Put new scans together from a CT and the styles that a model imagines of it.

A style is as coarse as the network sees, so only the difference between it and the
model's own view of the scan is added: texture and noise of the scan stay, and so
does every voxel where nothing was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import ndimage

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.config import StitchSettings
from covseg_core.inference.whatif import RECONSTRUCTION, WhatIf, synthetic
from covseg_core.labels import Tissue
from covseg_core.transforms.orient import standardise_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LabelVolume

__all__ = ["difference_of", "paint", "vary_severity"]

_Mm: TypeAlias = tuple[float, float, float]

GRAIN_HU = 60.0
"""How far noise and texture may reach above a style."""
SHARP_MM = 1e-3
"""Stands for a border of no width."""


def paint(
    whatif: WhatIf,
    mask: LabelVolume,
    tissue: Tissue,
    settings: StitchSettings | None = None,
) -> CTVolume:
    """Show how the scan would look with another tissue under a mask.

    Parameters
    ----------
    whatif : WhatIf
        The scan and its styles.
    mask : LabelVolume
        On the scan's grid; every value but 0 is painted.
    tissue : Tissue
        What to paint.
    settings : StitchSettings, optional
        Strength, soft border, and whether to stay in the lungs.

    Returns
    -------
    CTVolume
        Equal to the scan, voxel by voxel, beyond mask and border.

    Raises
    ------
    GeometryError
        If the mask does not lie on the scan.
    InputRefusedError
        If none of it lies where one may paint.
    """
    settings = settings or StitchSettings()
    mask.require_on(whatif.ct)
    inside = standardise_mask(mask).labels[whatif.box.as_index] > 0
    room = np.ones(inside.shape, bool) if settings.anywhere else _lung(whatif)
    if not (inside & room).any():
        raise InputRefusedError(
            "no voxel of the mask lies in the lungs. Draw it there, or say --anywhere "
            "to paint beside them."
        )
    border_mm = settings.border_mm
    weight = _near(inside, border_mm, border_mm, _spacing(whatif)) * room
    seen_hu = whatif.images_hu[RECONSTRUCTION]
    change = settings.strength * (whatif.images_hu[tissue] - seen_hu)
    return _changed(whatif, weight * change, seen_hu + change)


def vary_severity(
    whatif: WhatIf, severity: float, settings: StitchSettings | None = None
) -> CTVolume:
    """Show the scan with less disease, or with more.

    Parameters
    ----------
    whatif : WhatIf
        The scan and its styles.
    severity : float
        From 0 to 1, the lesions that the model finds fade in from healthy lung; at 1
        the scan is as it is, exactly.  From 1 to 2, opacity grows around them, through
        the lungs, as far as `spread_mm` at 2.
    settings : StitchSettings, optional
        How far lesions spread, with which border.

    Returns
    -------
    CTVolume
        No voxel gets darker when severity rises, so the mean HU of the lungs rises,
        too.  Without lesions it is the scan itself at any severity.

    Raises
    ------
    UsageError
        If `severity` is not in [0, 2].
    """
    if not 0 <= severity <= 2:
        raise UsageError(
            f"a severity of {severity:g} was asked for; 0 is healthy, 1 the scan as it "
            "is, 2 the most."
        )
    settings = settings or StitchSettings()
    lesion = standardise_mask(whatif.lesions).labels[whatif.box.as_index] > 0
    if severity == 1 or not lesion.any():
        return synthetic(whatif.ct, whatif.ct.hu)
    change_of = _faded if severity < 1 else _grown
    change = change_of(whatif, lesion, severity, settings) * _lung(whatif)
    return _changed(whatif, change, whatif.images_hu[Tissue.GGO])


def difference_of(new: CTVolume, whatif: WhatIf) -> CTVolume:
    """Give new minus old HU, marked as synthetic; 0 where nothing was changed."""
    return synthetic(whatif.ct, new.hu - whatif.ct.hu)


def _changed(
    whatif: WhatIf, change: npt.NDArray[np.float32], aim_hu: npt.NDArray[np.float32]
) -> CTVolume:
    """Add a change towards a tissue; what is brighter than that stays.

    A vessel in a lesion is a vessel still: it does not add up with what is painted.
    """
    hu = whatif.box_hu
    brightest = np.maximum(hu, aim_hu + GRAIN_HU)
    return whatif.with_box(np.minimum(hu + change, brightest))


def _faded(
    whatif: WhatIf,
    lesion: npt.NDArray[np.bool_],
    severity: float,
    settings: StitchSettings,
) -> npt.NDArray[np.float32]:
    """Change towards healthy lung, HU of at most 0."""
    border_mm = settings.border_mm
    weight = (1 - severity) * _near(lesion, border_mm, border_mm, _spacing(whatif))
    healthy = whatif.images_hu[Tissue.HEALTHY] - whatif.images_hu[RECONSTRUCTION]
    return np.asarray(weight * healthy.clip(max=0), np.float32)


def _grown(
    whatif: WhatIf,
    lesion: npt.NDArray[np.bool_],
    severity: float,
    settings: StitchSettings,
) -> npt.NDArray[np.float32]:
    """Change towards opacity around lesions, HU of at least 0."""
    reach_mm = (severity - 1) * settings.spread_mm
    weight = _near(lesion, reach_mm, settings.border_mm, _spacing(whatif))
    opaque = whatif.images_hu[Tissue.GGO] - whatif.images_hu[RECONSTRUCTION]
    return np.asarray(np.where(lesion, 0, weight * opaque.clip(min=0)), np.float32)


def _near(
    mask: npt.NDArray[np.bool_], reach_mm: float, border_mm: float, spacing_mm: _Mm
) -> npt.NDArray[np.float32]:
    """Weigh voxels by how near a mask they are: 0 from `reach_mm` on.

    From there it rises to 1 over `border_mm`.  The mask is not empty.
    """
    grown = [int(reach_mm / step) + 1 for step in spacing_mm]
    box = tuple(
        slice(max(side.start - more, 0), side.stop + more)
        for side, more in zip(
            ndimage.find_objects(mask.view(np.uint8))[0], grown, strict=True
        )
    )
    far_mm = ndimage.distance_transform_edt(~mask[box], sampling=spacing_mm)
    weight = np.zeros(mask.shape, np.float32)
    border_mm, reach_mm = max(border_mm, SHARP_MM), max(reach_mm, SHARP_MM)
    weight[box] = ((reach_mm - far_mm) / border_mm).clip(0, 1)
    return weight


def _lung(whatif: WhatIf) -> npt.NDArray[np.bool_]:
    return np.asarray(standardise_mask(whatif.lungs).labels[whatif.box.as_index] > 0)


def _spacing(whatif: WhatIf) -> _Mm:
    return whatif.standard.grid.spacing_mm_zyx

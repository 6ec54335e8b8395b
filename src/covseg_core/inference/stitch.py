"""Put new scans together from a CT and the styles that a model imagines of it.

A style is as coarse as the network sees, so only the difference between it and the
model's own view of the scan is added: texture and noise of the scan stay, and so
does every voxel where nothing was asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.config import StitchSettings
from covseg_core.inference.imagined import RECONSTRUCTION, WhatIf, synthetic
from covseg_core.inference.reach import Mm, box_around, distance_mm, weight_near
from covseg_core.labels import Tissue
from covseg_core.transforms.orient import Orientation, standardise_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.volume import CTVolume, LabelVolume

__all__ = [
    "difference_of",
    "paint",
    "paint_and_vary",
    "stitched_hu",
    "vary_severity",
    "with_distances",
]

GRAIN_HU = 60.0
"""How far noise and texture may reach above a style."""
AIR_HU = -1024.0
"""Nothing that is made is darker; what the scan itself has is left."""
ANY_REACH_MM = 1e6
"""Farther than any scan is long."""
PAINTED = Tissue.GGO, Tissue.CONSOLIDATION, Tissue.HEALTHY
"""What can be painted."""


def paint(
    whatif: WhatIf,
    mask: LabelVolume,
    tissue: Tissue | None,
    settings: StitchSettings | None = None,
) -> CTVolume:
    """Show how the scan would look with another tissue under a mask.

    Parameters
    ----------
    whatif : WhatIf
        The scan and its styles.
    mask : LabelVolume
        On the scan's grid.
    tissue : Tissue or None
        What to paint wherever the mask is not 0; if None, its values are tissues.
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
    return paint_and_vary(whatif, mask, tissue, 1, settings)


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
    return _scan_of(whatif, stitched_hu(whatif, None, severity, settings))


def paint_and_vary(
    whatif: WhatIf,
    mask: LabelVolume,
    tissue: Tissue | None,
    severity: float,
    settings: StitchSettings | None = None,
) -> CTVolume:
    """Show the scan at another severity, and painted; see both.

    What is painted looks the same at any severity.
    """
    settings = settings or StitchSettings()
    mask.require_on(whatif.ct)
    values = standardise_mask(mask).labels
    tissues = values if tissue is None else (values > 0) * np.uint8(tissue)
    _require_paintable(whatif, tissues, settings)
    return _scan_of(whatif, stitched_hu(whatif, tissues, severity, settings))


def stitched_hu(
    whatif: WhatIf,
    tissues: npt.NDArray[np.uint8] | None,
    severity: float,
    settings: StitchSettings | None = None,
) -> npt.NDArray[np.float32]:
    """Stitch in the standard orientation; what is painted may lie nowhere.

    Parameters
    ----------
    whatif : WhatIf
        The scan and its styles.
    tissues : ndarray of uint8, shape (Z, Y, X), or None
        A `labels.Tissue` to paint, 0 where nothing is.
    severity : float
        In [0, 2], as for `vary_severity`.
    settings : StitchSettings, optional
        Strength, borders, and whether to stay in the lungs.

    Returns
    -------
    ndarray of float32, shape (Z, Y, X)
        HU.

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
    hu = np.array(whatif.standard.hu, np.float32, order="C")
    varied = _varied(whatif, severity, settings)
    if tissues is not None and (labels := _painted_in(whatif, tissues)).any():
        varied = _painted(whatif, labels, varied, settings)
    lowest = np.minimum(whatif.box_hu, AIR_HU)
    hu[whatif.box.as_index] = np.maximum(varied, lowest)
    return hu


def difference_of(new: CTVolume, whatif: WhatIf) -> CTVolume:
    """Give new minus old HU, marked as synthetic; 0 where nothing was changed."""
    return synthetic(whatif.ct, new.hu - whatif.ct.hu)


def with_distances(whatif: WhatIf) -> WhatIf:
    """Measure once how far every voxel is from a lesion: then severity is quick."""
    far_mm = distance_mm(_lesion(whatif), ANY_REACH_MM, _spacing(whatif))
    return replace(whatif, lesion_far_mm=far_mm)


def _scan_of(whatif: WhatIf, hu: npt.NDArray[np.float32]) -> CTVolume:
    return synthetic(whatif.ct, Orientation(whatif.ct.grid).undo(hu))


def _painted(
    whatif: WhatIf,
    tissues: npt.NDArray[np.uint8],
    varied_hu: npt.NDArray[np.float32],
    settings: StitchSettings,
) -> npt.NDArray[np.float32]:
    """Paint over what was varied; near two tissues, the nearer one counts."""
    border_mm, spacing_mm = settings.border_mm, _spacing(whatif)
    part = box_around(tissues, border_mm, spacing_mm)
    tissues, hu, varied = tissues[part], whatif.box_hu[part], varied_hu[part]
    seen_hu = whatif.images_hu[RECONSTRUCTION][part]
    style_hu, weight = seen_hu.copy(), np.zeros(seen_hu.shape, np.float32)
    for tissue in PAINTED:
        far_mm = distance_mm(tissues == tissue, border_mm, spacing_mm)
        near = weight_near(far_mm, border_mm, border_mm)
        nearer = near > weight
        style_hu[nearer] = whatif.images_hu[tissue][part][nearer]
        weight[nearer] = near[nearer]
    weight *= _room(whatif, settings)[part]
    # Strength goes on from healthy lung, whatever is there now.
    healthy_hu = whatif.images_hu[Tissue.HEALTHY][part]
    aim_hu = style_hu + (settings.strength - 1) * (style_hu - healthy_hu)
    painted = _towards(hu, weight * (aim_hu - seen_hu), aim_hu)
    result = varied_hu.copy()
    result[part] = varied + (painted - hu) - weight * (varied - hu)
    return result


def _varied(
    whatif: WhatIf, severity: float, settings: StitchSettings
) -> npt.NDArray[np.float32]:
    hu, lesion = whatif.box_hu, _lesion(whatif)
    if severity == 1 or not _has_lesions(whatif, lesion):
        return hu
    change_of = _faded if severity < 1 else _grown
    change = change_of(whatif, lesion, severity, settings) * _lung(whatif)
    return _towards(hu, change, whatif.images_hu[Tissue.GGO])


def _towards(
    hu: npt.NDArray[np.float32],
    change: npt.NDArray[np.float32],
    aim_hu: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Add a change towards a tissue; what is brighter than that stays.

    A vessel in a lesion is a vessel still: it does not add up with what is painted.
    """
    return np.minimum(hu + change, np.maximum(hu, aim_hu + GRAIN_HU))


def _faded(
    whatif: WhatIf,
    lesion: npt.NDArray[np.bool_],
    severity: float,
    settings: StitchSettings,
) -> npt.NDArray[np.float32]:
    """Change towards healthy lung, HU of at most 0."""
    border_mm = settings.border_mm
    far_mm = _lesion_far_mm(whatif, lesion, border_mm)
    weight = (1 - severity) * weight_near(far_mm, border_mm, border_mm)
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
    far_mm = _lesion_far_mm(whatif, lesion, reach_mm)
    weight = weight_near(far_mm, reach_mm, settings.border_mm)
    opaque = whatif.images_hu[Tissue.GGO] - whatif.images_hu[RECONSTRUCTION]
    return np.asarray(np.where(lesion, 0, weight * opaque.clip(min=0)), np.float32)


def _lesion_far_mm(
    whatif: WhatIf, lesion: npt.NDArray[np.bool_], reach_mm: float
) -> npt.NDArray[np.float32]:
    if whatif.lesion_far_mm is not None:
        return whatif.lesion_far_mm
    return distance_mm(lesion, reach_mm, _spacing(whatif))


def _has_lesions(whatif: WhatIf, lesion: npt.NDArray[np.bool_]) -> bool:
    # A crop may hold none, and still lie within reach of one.
    return whatif.lesion_far_mm is not None or bool(lesion.any())


def _require_paintable(
    whatif: WhatIf, tissues: npt.NDArray[np.uint8], settings: StitchSettings
) -> None:
    inside = _painted_in(whatif, tissues)
    if (inside * _room(whatif, settings)).any():
        return
    if not np.isin(tissues, PAINTED).any():
        reason = "nothing is drawn in the mask. Draw where to paint."
    elif inside.any():
        reason = (
            "no voxel of the mask lies in the lungs. Draw it there, or say --anywhere "
            "to paint beside them."
        )
    else:
        reason = (
            "no voxel of the mask lies in the box around the lungs that the model was "
            "shown. Draw it there."
        )
    raise InputRefusedError(reason)


def _painted_in(
    whatif: WhatIf, tissues: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    inside = tissues[whatif.box.as_index]
    return np.where(np.isin(inside, PAINTED), inside, np.uint8(0))


def _room(whatif: WhatIf, settings: StitchSettings) -> npt.NDArray[np.bool_]:
    lung = _lung(whatif)
    return np.ones_like(lung) if settings.anywhere else lung


def _lesion(whatif: WhatIf) -> npt.NDArray[np.bool_]:
    return np.asarray(standardise_mask(whatif.lesions).labels[whatif.box.as_index] > 0)


def _lung(whatif: WhatIf) -> npt.NDArray[np.bool_]:
    return np.asarray(standardise_mask(whatif.lungs).labels[whatif.box.as_index] > 0)


def _spacing(whatif: WhatIf) -> Mm:
    return whatif.standard.grid.spacing_mm_zyx

"""A phantom of boxes, for tests whose answer one can compute in one's head."""

from __future__ import annotations

import numpy as np

from covseg_core.labels import Lesion, Lung
from covseg_core.phantom.settings import Phantom
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask, Source

__all__ = ["make_block_phantom"]

_SHAPE = 20, 48, 112
_SPACING_MM = 8.0, 5.0, 2.5
_ORIGIN_LPS_MM = -140.0, -120.0, -900.0

_BODY = np.s_[:, 8:44, 8:104]
_RIGHT_LUNG = np.s_[5:15, 14:38, 18:43]
_LEFT_LUNG = np.s_[5:15, 16:36, 68:88]
_OPACITY = np.s_[6:11, 25:35, 20:30]
_CONSOLIDATION = np.s_[7:11, 28:33, 73:83]


def make_block_phantom() -> Phantom:
    """Make a chest of boxes with voxels of 0.1 ml.

    Returns
    -------
    Phantom
        Shape (20, 48, 112) at 8 x 5 x 2.5 mm.  The right lung has 600 ml and the
        left one 400 ml; ground glass fills 50 ml of the right lung and
        consolidation 20 ml of the left one: 7 % of the lungs.
    """
    grid = Grid.from_spacing(_SHAPE, _SPACING_MM, _ORIGIN_LPS_MM)
    hu = np.full(_SHAPE, -1000, np.float32)
    lungs = np.zeros(_SHAPE, np.uint8)
    lesions = np.zeros(_SHAPE, np.uint8)
    hu[_BODY] = 40
    for box, side in ((_RIGHT_LUNG, Lung.RIGHT), (_LEFT_LUNG, Lung.LEFT)):
        hu[box], lungs[box] = -850, side
    hu[_OPACITY], lesions[_OPACITY] = -550, Lesion.GGO
    hu[_CONSOLIDATION], lesions[_CONSOLIDATION] = 20, Lesion.CONSOLIDATION
    return Phantom(
        CTVolume(hu, grid, source=Source("phantom")),
        LesionMask(lesions, grid),
        LungMask(lungs, grid),
    )

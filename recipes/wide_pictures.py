"""Outline infection in pictures of a window so wide that soft tissue is dark grey."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from skimage.morphology import convex_hull_image

from covseg_core.inference.outliners import NetworkOutliner
from covseg_core.labels import Lung
from covseg_core.learn.pseudo import Labeller
from covseg_core.transforms.islands import largest_of_each
from covseg_core.transforms.postprocess import classes_of, drop_islands

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

    from covseg_core.inference.progress import Progress
    from covseg_core.learn.pseudo import Outlined
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["WidePictureLabeller", "as_lung_window", "hull_of_lungs"]

AIR, SOFT_TISSUE = 60, 225
"""Grey of healthy lung and of muscle in a lung window."""
BLACK, BETWEEN, WHITE = 2, 70, 245
"""Both have their peak below and above `BETWEEN`; the ends are background and bone."""
SPLINTER_PIXELS = 25.0


@dataclass(frozen=True)
class WidePictureLabeller(Labeller):
    """Labels pictures as if they were in a lung window, and inside the lungs alone.

    Parameters
    ----------
    lungs : LoadedModel
        What finds the lungs.
    """

    lungs: LoadedModel | None = None

    def outline(
        self, ct: CTVolume, lungs: LungMask | None
    ) -> Generator[Progress, None, Outlined]:
        """Outline a picture; raises as `Labeller.outline` does."""
        shown = replace(ct, hu=as_lung_window(ct.hu))
        found = yield from super().outline(shown, lungs)
        labels = np.where(self._inside(shown), found.lesions.labels, 0)
        kept = drop_islands(labels.astype(np.uint8), SPLINTER_PIXELS, voxel_ml=1.0)
        return replace(found, lesions=replace(found.lesions, labels=kept))

    def _inside(self, ct: CTVolume) -> npt.NDArray[np.bool_]:
        if self.lungs is None or self.lungs.network is None:
            raise TypeError("wide pictures need a network that finds the lungs")
        card = self.lungs.card
        outline = NetworkOutliner(self.lungs.network, card, self.settings, is_hu=False)
        return hull_of_lungs(classes_of(outline(ct.hu), card.threshold))


def as_lung_window(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Stretch 8-bit greys so that lung and soft tissue are as in a lung window.

    Parameters
    ----------
    grey : ndarray of float32, shape (1, H, W)
        In [0, 255]; most of it is lung and soft tissue.
    """
    counts = np.bincount(grey.astype(np.uint8).ravel(), minlength=256)
    air = BLACK + int(counts[BLACK:BETWEEN].argmax())
    soft = BETWEEN + int(counts[BETWEEN:WHITE].argmax())
    stretched = (grey - air) * ((SOFT_TISSUE - AIR) / (soft - air)) + AIR
    return np.clip(stretched, 0, 255).round().astype(np.float32)


def hull_of_lungs(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Span the largest piece of each lung, so that dense disease is inside.

    Parameters
    ----------
    labels : ndarray of uint8, shape (1, H, W)
        `labels.Lung`.
    """
    hull = np.zeros(labels.shape, bool)
    for side in (Lung.RIGHT, Lung.LEFT):
        piece = largest_of_each((labels == side).astype(np.uint8))[0] > 0
        if piece.any():
            hull[0] |= convex_hull_image(piece)
    return hull

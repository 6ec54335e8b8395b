"""What is known so far of a volume while its slices are predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from covseg_core.inference.uncertainty import (
    Uncertainty,
    entropy_of,
    is_suspect,
    score_slices,
)
from covseg_core.transforms.orient import Orientation
from covseg_core.transforms.postprocess import classes_of, drop_islands
from covseg_core.transforms.prepare import near_lungs
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.inference.config import PredictSettings
    from covseg_core.inference.opinions import Opinions
    from covseg_core.registry.card import ModelCard
    from covseg_core.volume import CTVolume, Grid, LungMask

__all__ = ["Canvas", "DoubtCanvas", "Window"]

Window: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Canvas:
    """The mask of a volume, in standard orientation.

    `sure` marks the voxels that let an island stay: as probable as `ModelCard.sure`
    asks for and, if the network is shown a box around the lungs, near the `lungs`.
    """

    labels: npt.NDArray[np.uint8]
    sure: npt.NDArray[np.bool_]
    kept: npt.NDArray[np.float32] | None
    threshold: float
    card: ModelCard
    lungs: LungMask | None

    @classmethod
    def blank(
        cls,
        grid: Grid,
        lungs: LungMask | None,
        card: ModelCard,
        settings: PredictSettings,
        keep: bool = False,
    ) -> Canvas:
        """Make an empty one; `keep` makes room for probabilities."""
        classes, shape = len(card.labels.classes), grid.shape
        kept = np.zeros((classes, *shape), np.float32) if keep else None
        labels, sure = np.zeros(shape, np.uint8), np.zeros(shape, np.bool_)
        return cls(labels, sure, kept, settings.threshold_for(card), card, lungs)

    def paint(self, window: Window, answer: npt.NDArray[np.float32]) -> None:
        """Note the probabilities (N, C, H, W) of the slices in a window."""
        self.labels[window] = classes_of(answer, self.threshold)
        self.sure[window] = answer.sum(axis=1) > self.card.sure
        prepare = self.card.prepare
        if self.lungs is not None and prepare.crop == "lungs":
            self.sure[window] &= near_lungs(self.lungs, window, prepare.margin_mm)
        if self.kept is not None:
            self.kept[:, *window] = answer.swapaxes(0, 1)

    def lesions(self, ct: CTVolume, smallest_ml: float) -> LesionMask:
        """Give the mask on the grid of the scan, without small islands."""
        labels = drop_islands(self.labels, smallest_ml, ct.grid.voxel_ml, self.sure)
        turned = Orientation(ct.grid).undo(labels)
        return LesionMask(np.ascontiguousarray(turned), ct.grid, self.card.labels)

    def probabilities_on(self, ct: CTVolume) -> npt.NDArray[np.float32] | None:
        """Give the probabilities (C, Z, Y, X) on the grid of the scan, if kept."""
        if self.kept is None:
            return None
        return np.stack([Orientation(ct.grid).undo(each) for each in self.kept])


@dataclass(frozen=True, eq=False)
class DoubtCanvas:
    """Where a model is unsure in a volume, in standard orientation."""

    opinions: Opinions
    entropy: npt.NDArray[np.float32]
    suspect: npt.NDArray[np.bool_]

    @classmethod
    def blank(cls, grid: Grid, opinions: Opinions) -> DoubtCanvas:
        """Make an empty one: what no network sees is not in doubt."""
        entropy, suspect = (np.zeros(grid.shape, kind) for kind in ("f4", "?"))
        return cls(opinions, entropy, suspect)

    def paint(
        self,
        window: Window,
        grey: npt.NDArray[np.float32],
        answer: npt.NDArray[np.float32],
    ) -> None:
        """Ask again about the slices in a window; see `Opinions.mean`."""
        mean = self.opinions.mean(grey, answer)
        self.entropy[window] = entropy_of(mean)
        self.suspect[window] = is_suspect(mean)

    def on(self, grid: Grid, sides: LungMask | None) -> Uncertainty:
        """Give what was found on a scan's grid; `sides` are lungs as painted."""
        region = self.suspect if sides is None else sides.labels > 0
        return Uncertainty(
            np.ascontiguousarray(Orientation(grid).undo(self.entropy)),
            self.opinions.settings,
            score_slices(self.entropy, region),
        )

"""Two ways from grey slices to probabilities: a network, or Hounsfield bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.engines import make_runner
from covseg_core.labels import LUNGS
from covseg_core.transforms.slices import normalise, restore_slices, window_slices
from covseg_core.transforms.temper import temper

if TYPE_CHECKING:
    import torch

    from covseg_core.inference.config import RunSettings
    from covseg_core.models.network import SegmentationNetwork
    from covseg_core.registry.card import ModelCard
    from covseg_core.volume import Grid

__all__ = ["HuThreshold", "NetworkOutliner", "Outliner"]


class Outliner(Protocol):
    """Turns slices, cut to the box of interest, into probabilities."""

    @property
    def device(self) -> str:
        """What it runs on now."""

    @property
    def engine(self) -> str:
        """What runs it now."""

    @property
    def notes(self) -> list[str]:
        """What had to be given up on the way."""

    def __call__(
        self, grey: npt.NDArray[np.float32], lungs: npt.NDArray[np.uint8] | None
    ) -> npt.NDArray[np.float32]:
        """Map slices and lungs, (N, H, W) each, to (N, C, H, W)."""


class NetworkOutliner:
    """Runs a model's network on prepared slices.

    Parameters
    ----------
    network : SegmentationNetwork
        With its weights.
    card : ModelCard
        How slices are prepared, and whether answers are mirrored and tempered.
    settings : RunSettings
        Device, engine and batch.
    is_hu : bool
        Whether slices come in HU or in grey levels 0-255.

    Raises
    ------
    UsageError
        If the device or engine is not there.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        card: ModelCard,
        settings: RunSettings,
        *,
        is_hu: bool,
    ) -> None:
        self.is_hu = is_hu
        self._card, self._prepare = card, card.prepare
        self._runner = make_runner(network, card.prepare.size, settings)

    @property
    def device(self) -> str:
        """What it runs on now."""
        return self._runner.engine.device

    @property
    def engine(self) -> str:
        """What runs it now."""
        return self._runner.engine.name

    @property
    def notes(self) -> list[str]:
        """What had to be given up when memory ran out."""
        return self._runner.notes

    def __call__(
        self,
        grey: npt.NDArray[np.float32],
        lungs: npt.NDArray[np.uint8] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Map slices (N, H, W) to probabilities (N, C, H, W).

        Raises
        ------
        ModelRefusedError
            See `answer`.
        """
        height, width = grey.shape[1:]
        return restore_slices(self.answer(self.pixels(grey)), (height, width))

    def pixels(self, grey: npt.NDArray[np.float32]) -> torch.Tensor:
        """Window slices (N, H, W), (N, 1, size, size) in [0, 1]."""
        return window_slices(grey, self._prepare, is_hu=self.is_hu)

    def answer(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map windowed slices to probabilities (N, C, size, size).

        As the card says: the mean with the answer to the mirror image, tempered.

        Raises
        ------
        ModelRefusedError
            If the network answers with numbers that are not finite, which would
            look like a healthy lung.
        """
        seen = normalise(pixels, self._prepare)
        answer = self._runner.run(seen)
        if self._card.mirrored:
            answer = (answer + self._mirrored(seen)) / 2
        if not answer.isfinite().all():
            raise ModelRefusedError(
                "the network answers with numbers that are not finite; its weights are "
                "damaged. Choose another model or import this one again."
            )
        return temper(answer, self._card.temperature)

    def _mirrored(self, seen: torch.Tensor) -> torch.Tensor:
        back = self._runner.run(seen.flip(-1)).flip(-1)
        # The right lung of the mirror image is the patient's left one.
        return back.flip(1) if self._card.labels == LUNGS else back


class HuThreshold:
    """Calls smooth lung above -750 HU opacity and above -400 HU consolidation.

    The bands are those of Slicer's Lung CT Analyzer.  Vessels are suppressed by
    smoothing and the rim of the lungs, where voxels hold both lung and wall, is
    left out.

    Parameters
    ----------
    grid : Grid
        Of the slices, for lengths in mm.
    is_hu : bool
        Must be true.

    Raises
    ------
    InputRefusedError
        If the scan is not in HU.
    """

    device = "cpu"
    engine = "none"
    opacity_hu = -750.0
    consolidation_hu = -400.0
    smooth_mm = 2.0
    rim_mm = 4.0

    def __init__(self, grid: Grid, *, is_hu: bool) -> None:
        if not is_hu:
            raise InputRefusedError(
                "hu-threshold needs a CT in Hounsfield units, and this is an 8-bit "
                "picture; choose a model with a network, such as infnet-multi-small."
            )
        self._spacing_mm = grid.spacing_mm_zyx[1:]
        self.notes: list[str] = []

    def __call__(
        self, grey: npt.NDArray[np.float32], lungs: npt.NDArray[np.uint8] | None
    ) -> npt.NDArray[np.float32]:
        """Map slices and lungs, (N, H, W) each, to 0 or 1, (N, 2, H, W)."""
        inside = np.zeros(grey.shape, bool) if lungs is None else lungs > 0
        answers = [self._outline(*pair) for pair in zip(grey, inside, strict=True)]
        return np.stack(answers).astype(np.float32)

    def _outline(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        sigma = [self.smooth_mm / spacing for spacing in self._spacing_mm]
        # Averaged over lung alone, so that the wall does not bleed in.
        weight = ndimage.gaussian_filter(lung.astype(np.float32), sigma)
        mean = ndimage.gaussian_filter(np.where(lung, hu, 0), sigma)
        mean = mean / np.maximum(weight, 1e-3)
        depth = ndimage.distance_transform_edt(
            np.pad(lung, 1), sampling=self._spacing_mm
        )[1:-1, 1:-1]
        core = depth > self.rim_mm
        dense = core & (mean > self.consolidation_hu)
        return np.stack([core & (mean > self.opacity_hu) & ~dense, dense])

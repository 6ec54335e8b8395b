"""Imagine a CT as if all of it were healthy, opaque or consolidated.

After Zammit, "Semi-Supervised COVID-19 CT Image Segmentation Using Deep Generative
Models" (2020): StichNet sees a slice as four whole images, one per tissue, and the
probability of each tissue at every pixel.  `stitch` puts new scans together from them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.batches import chunks_of, require_finite
from covseg_core.inference.canvas import Canvas
from covseg_core.inference.imagined import RECONSTRUCTION, WhatIf
from covseg_core.inference.lungs import lungs_of
from covseg_core.inference.outliners import NetworkOutliner
from covseg_core.inference.progress import Progress
from covseg_core.inference.through_plane import average_through_plane
from covseg_core.labels import LESIONS, Tissue
from covseg_core.models.network import SegmentationNetwork
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.prepare import Box, box_for, require_lungs
from covseg_core.transforms.slices import restore_slices
from covseg_core.transforms.temper import temper

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy.typing as npt

    from covseg_core.inference.config import PredictSettings
    from covseg_core.inference.through_plane import Answered
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.transforms.prepare import Prepare
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["ARCHITECTURE", "imagine"]

ARCHITECTURE = "stichnet"
FIRST_TISSUE = RECONSTRUCTION + 1
LESION_CHANNELS = slice(FIRST_TISSUE + Tissue.GGO, FIRST_TISSUE + Tissue.HEALTHY)
"""Channels of what the network is asked for: styles, their sum, tissues."""


def imagine(
    ct: CTVolume,
    model: LoadedModel,
    settings: PredictSettings,
    lungs: LungMask | None = None,
) -> Generator[Progress, None, WhatIf]:
    """Imagine a CT in the styles of a model.

    Parameters
    ----------
    ct : CTVolume
        In HU, in any orientation.
    model : LoadedModel
        A StichNet and its card.
    settings : PredictSettings
        Device, engine, batch, threshold.
    lungs : LungMask, optional
        On the grid of `ct`; found if not given.

    Yields
    ------
    Progress
        After every batch; stop iterating to stop.

    Raises
    ------
    ModelRefusedError
        If the model is no StichNet.
    InputRefusedError
        If `ct` is not in HU, a voxel is not finite or there are no lungs.
    GeometryError
        If `lungs` do not lie on `ct`.
    """
    start = time.perf_counter()
    network = _require_stichnet(model)
    _require_hu(ct)
    if lungs is None:
        lungs = yield from lungs_of(ct, settings)
    lungs.require_on(ct)
    require_lungs(lungs)
    yield Progress("Loading the network")
    card = model.card
    plain = card.model_copy(update={"temperature": 1.0})
    ask = NetworkOutliner(_Images(network), plain, settings, is_hu=True)

    standard = standardise_ct(ct)
    sides = standardise_mask(lungs)
    box = box_for(standard, sides, card.prepare)
    canvas = Canvas.blank(standard.grid, sides, card, settings)
    scene = _Scene.blank(box, card.prepare)
    sigma = card.through_plane_mm / standard.grid.spacing_mm_zyx[0]

    def lesions() -> Iterator[Answered]:
        """Imagine slices, and answer as `predict_ct` does."""
        for chunk in chunks_of(box.slices, settings.batch_size):
            grey = standard.hu[chunk, box.rows, box.columns]
            answer = ask.answer(ask.pixels(grey))
            scene.imagine(chunk, restore_slices(answer, grey.shape[1:]))
            tempered = temper(answer[:, LESION_CHANNELS], card.temperature)
            yield chunk, restore_slices(tempered, grey.shape[1:])

    for chunk, answer in average_through_plane(lesions(), sigma):
        scene.outline(chunk, answer)
        canvas.paint((chunk, box.rows, box.columns), answer)
        yield Progress("Imagining", *scene.done(chunk))

    return WhatIf(
        ct,
        lungs,
        canvas.lesions(ct, settings.smallest_ml),
        box,
        scene.images_hu,
        scene.tissues,
        scene.probability,
        ask.device,
        ask.engine,
        time.perf_counter() - start,
        tuple(ask.notes),
    )


class _Images(SegmentationNetwork):
    """Answers with styles, reconstruction and tissues, (N, 9, H, W)."""

    label_set = LESIONS

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self._network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self._network(x)
        parts = seen.styles, seen.reconstruction, seen.log_tissue.exp()
        return torch.cat(parts, dim=1)

    def probabilities(self, output: torch.Tensor) -> torch.Tensor:
        return output


@dataclass(frozen=True, eq=False)
class _Scene:
    """What is imagined so far, inside the box."""

    box: Box
    prepare: Prepare
    images_hu: npt.NDArray[np.float32]
    tissues: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float32]

    @classmethod
    def blank(cls, box: Box, prepare: Prepare) -> _Scene:
        shape = tuple(side.stop - side.start for side in box.as_index)
        return cls(
            box,
            prepare,
            np.empty((RECONSTRUCTION + 1, *shape), np.float32),
            np.empty(shape, np.uint8),
            np.empty(shape, np.float32),
        )

    def done(self, chunk: slice) -> tuple[int, int]:
        first = self.box.slices.start
        return chunk.stop - first, self.box.slices.stop - first

    def imagine(self, chunk: slice, answer: npt.NDArray[np.float32]) -> None:
        low, high = self.prepare.window_low_hu, self.prepare.window_high_hu
        grey = answer[:, : RECONSTRUCTION + 1].swapaxes(0, 1)
        self.images_hu[:, self._here(chunk)] = low + grey * (high - low)
        self.tissues[self._here(chunk)] = answer[:, FIRST_TISSUE:].argmax(axis=1)

    def outline(self, chunk: slice, answer: npt.NDArray[np.float32]) -> None:
        self.probability[self._here(chunk)] = answer.sum(axis=1)

    def _here(self, chunk: slice) -> slice:
        first = self.box.slices.start
        return slice(chunk.start - first, chunk.stop - first)


def _require_stichnet(model: LoadedModel) -> SegmentationNetwork:
    if model.network is None or model.card.architecture != ARCHITECTURE:
        raise ModelRefusedError(
            f"{model.card.name} is of the architecture {model.card.architecture!r}, "
            f"which has no styles. Choose a model of {ARCHITECTURE!r}; "
            "see `covseg models list`."
        )
    return model.network


def _require_hu(ct: CTVolume) -> None:
    if not ct.is_hu:
        raise InputRefusedError(
            "this is an 8-bit picture without Hounsfield units, so what a lesion would "
            "look like in it cannot be told. Give a CT in Hounsfield units."
        )
    require_finite(ct)

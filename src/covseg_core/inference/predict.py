"""Predict a mask for a scan, slice by slice, as a generator."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.errors import InputRefusedError
from covseg_core.inference.outliners import HuThreshold, NetworkOutliner, Outliner
from covseg_core.transforms.lungs import find_lungs
from covseg_core.transforms.orient import (
    Orientation,
    standardise_ct,
    standardise_mask,
)
from covseg_core.transforms.postprocess import classes_of, drop_islands
from covseg_core.transforms.prepare import Box, box_for, require_lungs
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask, SliceImage

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.inference.config import PredictSettings
    from covseg_core.registry.weights import LoadedModel

__all__ = [
    "Prediction",
    "Progress",
    "SlicePrediction",
    "make_outliner",
    "make_slice_outliner",
    "predict_ct",
    "predict_image",
]


@dataclass(frozen=True, eq=False)
class Progress:
    """What was finished since the last report.

    Parameters
    ----------
    stage : str
        In plain words, such as ``Outlining infection``.
    done, total : int
        Slices finished, and slices to do; 0 of 0 while that is unknown.
    slices : slice, optional
        The slices finished just now, in the standard orientation.
    labels : ndarray of uint8, shape (n, Y, X), optional
        Their classes.
    """

    stage: str
    done: int = 0
    total: int = 0
    slices: slice | None = None
    labels: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Prediction:
    """A mask and how it came about.

    Parameters
    ----------
    lesions : LesionMask
        On the grid of the CT.
    lungs : LungMask or None
        As found or as given; None if the model needs none and none was given.
    probabilities : ndarray of float32, shape (C, Z, Y, X), or None
        On the grid of the CT, when asked for.
    device, engine : str
        What ran the network at the end.
    seconds : float
        From start to end.
    notes : tuple of str
        What a careful reader should know.
    """

    lesions: LesionMask
    lungs: LungMask | None
    probabilities: npt.NDArray[np.float32] | None
    device: str
    engine: str
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SlicePrediction:
    """Classes (H, W) and probabilities (C, H, W) of one 8-bit slice."""

    labels: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]


def predict_ct(
    ct: CTVolume,
    model: LoadedModel,
    settings: PredictSettings,
    *,
    lungs: LungMask | None = None,
    keep_probabilities: bool = False,
) -> Generator[Progress, None, Prediction]:
    """Outline infection on a CT.

    Parameters
    ----------
    ct : CTVolume
        In any orientation.
    model : LoadedModel
        A network and its card.
    settings : PredictSettings
        Device, engine, batch, threshold.
    lungs : LungMask, optional
        On the grid of `ct`; found by threshold if not given.
    keep_probabilities : bool
        Keep them for the whole volume: 4 bytes per voxel and class.

    Yields
    ------
    Progress
        After every batch; stop iterating to stop.

    Returns
    -------
    Prediction
        Slices outside the lungs stay empty.

    Raises
    ------
    InputRefusedError
        If no lungs are found, `lungs` are empty or a voxel is not finite.
    GeometryError
        If `lungs` do not lie on `ct`.
    UsageError
        If the device or engine is not there.
    """
    start = time.perf_counter()
    _require_finite(ct)
    if lungs is not None:
        lungs.require_on(ct)
        require_lungs(lungs)
    elif model.card.prepare.crop == "lungs":
        yield Progress("Finding the lungs")
        lungs = find_lungs(ct)
    yield Progress("Loading the network")
    outline = make_outliner(model, settings, ct)

    standard = standardise_ct(ct)
    sides = None if lungs is None else standardise_mask(lungs)
    box = box_for(standard, sides, model.card.prepare)
    canvas = _Canvas.blank(standard, model, settings, keep_probabilities)
    for chunk in _chunks(box.slices, settings.batch_size):
        window = chunk, box.rows, box.columns
        inside = None if sides is None else sides.labels[window]
        answer = outline(standard.hu[window], inside)
        canvas.paint(window, answer)
        yield _report(box, chunk, canvas.labels)

    return Prediction(
        canvas.lesions(ct, model, settings.smallest_ml),
        lungs,
        canvas.probabilities_on(ct),
        outline.device,
        outline.engine,
        time.perf_counter() - start,
        tuple(outline.notes),
    )


def predict_image(
    image: SliceImage, model: LoadedModel, outline: Outliner, settings: PredictSettings
) -> SlicePrediction:
    """Outline infection on one 8-bit slice, taken whole.

    Parameters
    ----------
    image : SliceImage
        In a lung window.
    model : LoadedModel
        A network and its card.
    outline : Outliner
        One for all slices, made with ``is_hu=False``.
    settings : PredictSettings
        For the threshold.
    """
    answer = outline(image.grey[None].astype(np.float32), None)[0]
    return SlicePrediction(
        classes_of(answer, settings.threshold_for(model.card)), answer
    )


def make_outliner(
    model: LoadedModel, settings: PredictSettings, ct: CTVolume
) -> Outliner:
    """Choose what outlines a scan: the model's network or, without one, HU bands."""
    if model.network is None:
        return HuThreshold(standardise_ct(ct).grid, is_hu=ct.is_hu)
    return NetworkOutliner(model.network, model.card.prepare, settings, is_hu=ct.is_hu)


def make_slice_outliner(model: LoadedModel, settings: PredictSettings) -> Outliner:
    """Make what outlines 8-bit slices.

    Raises
    ------
    InputRefusedError
        If the model has no network, as it then needs HU.
    """
    grid = Grid.from_spacing((1, 1, 1), (1.0, 1.0, 1.0))
    return make_outliner(
        model, settings, CTVolume(np.zeros((1, 1, 1), np.float32), grid, is_hu=False)
    )


@dataclass(frozen=True, eq=False)
class _Canvas:
    """What is known of a volume, in standard orientation.

    `sure` marks the voxels that let an island stay; see `ModelCard.sure`.
    """

    labels: npt.NDArray[np.uint8]
    sure: npt.NDArray[np.bool_]
    kept: npt.NDArray[np.float32] | None
    threshold: float
    sure_above: float

    @classmethod
    def blank(
        cls, ct: CTVolume, model: LoadedModel, settings: PredictSettings, keep: bool
    ) -> _Canvas:
        classes = len(model.card.labels.classes)
        kept = np.zeros((classes, *ct.grid.shape), np.float32) if keep else None
        threshold = settings.threshold_for(model.card)
        return cls(
            np.zeros(ct.grid.shape, np.uint8),
            np.zeros(ct.grid.shape, np.bool_),
            kept,
            threshold,
            model.card.sure,
        )

    def paint(
        self, window: tuple[slice, slice, slice], answer: npt.NDArray[np.float32]
    ) -> None:
        self.labels[window] = classes_of(answer, self.threshold)
        self.sure[window] = answer.sum(axis=1) > self.sure_above
        if self.kept is not None:
            self.kept[:, *window] = answer.swapaxes(0, 1)

    def lesions(
        self, ct: CTVolume, model: LoadedModel, smallest_ml: float
    ) -> LesionMask:
        labels = drop_islands(self.labels, smallest_ml, ct.grid.voxel_ml, self.sure)
        turned = Orientation(ct.grid).undo(labels)
        return LesionMask(np.ascontiguousarray(turned), ct.grid, model.card.labels)

    def probabilities_on(self, ct: CTVolume) -> npt.NDArray[np.float32] | None:
        if self.kept is None:
            return None
        return np.stack([Orientation(ct.grid).undo(each) for each in self.kept])


def _require_finite(ct: CTVolume) -> None:
    if not np.isfinite((ct.hu.min(), ct.hu.max())).all():
        raise InputRefusedError(
            "the CT holds values that are not finite, which no network can judge; "
            "set them to air (-1000 HU) first."
        )


def _chunks(whole: slice, size: int) -> list[slice]:
    return [
        slice(start, min(start + size, whole.stop))
        for start in range(whole.start, whole.stop, size)
    ]


def _report(box: Box, chunk: slice, labels: npt.NDArray[np.uint8]) -> Progress:
    return Progress(
        "Outlining infection",
        chunk.stop - box.slices.start,
        box.slices.stop - box.slices.start,
        chunk,
        labels[chunk].copy(),
    )

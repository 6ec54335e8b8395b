"""Predict a mask for a scan, slice by slice, as a generator."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from covseg_core.inference.batches import chunks_of, require_finite
from covseg_core.inference.canvas import Canvas, DoubtCanvas
from covseg_core.inference.lungs import lungs_of
from covseg_core.inference.opinions import make_opinions
from covseg_core.inference.outliners import HuThreshold, NetworkOutliner, Outliner
from covseg_core.inference.prediction import Prediction, SlicePrediction
from covseg_core.inference.progress import Progress
from covseg_core.inference.through_plane import (
    average_through_plane,
    reach_of,
    widened,
    within,
)
from covseg_core.inference.uncertainty import (
    Uncertainty,
    entropy_of,
    is_suspect,
    score_slices,
)
from covseg_core.transforms.orient import standardise_ct, standardise_mask
from covseg_core.transforms.postprocess import classes_of
from covseg_core.transforms.prepare import Box, box_for, require_lungs
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask, SliceImage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from covseg_core.inference.config import PredictSettings, UncertaintySettings
    from covseg_core.inference.opinions import Opinions
    from covseg_core.inference.through_plane import Answered
    from covseg_core.registry.weights import LoadedModel

__all__ = [
    "Prediction",
    "Progress",
    "SlicePrediction",
    "doubt_image",
    "make_outliner",
    "make_slice_outliner",
    "predict_ct",
    "predict_image",
    "predict_picture",
]


def predict_ct(
    ct: CTVolume,
    model: LoadedModel,
    settings: PredictSettings,
    *,
    lungs: LungMask | None = None,
    keep_probabilities: bool = False,
    uncertainty: UncertaintySettings | None = None,
    slices: slice | None = None,
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
        On the grid of `ct`; found if not given.
    keep_probabilities : bool
        Keep them for the whole volume: 4 bytes per voxel and class.
    uncertainty : UncertaintySettings, optional
        Ask the network several times and tell where it is unsure; the mask stays
        the same.
    slices : slice, optional
        Outline only these, counted in the standard orientation; their neighbours have
        their say, if the card gives them one.

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
        If the device or engine is not there, or the model has no uncertainty.
    """
    start = time.perf_counter()
    require_finite(ct)
    if lungs is not None:
        lungs.require_on(ct)
        require_lungs(lungs)
    elif model.card.prepare.crop == "lungs":
        lungs = yield from lungs_of(ct, settings)
    yield Progress("Loading the network")
    outline = make_outliner(model, settings, ct)
    standard = standardise_ct(ct)
    sides = None if lungs is None else standardise_mask(lungs)
    whole = box_for(standard, sides, model.card.prepare)
    box = _only(whole, slices)
    sigma = model.card.through_plane_mm / standard.grid.spacing_mm_zyx[0]
    asked = widened(box.slices, reach_of(sigma), whole.slices)
    canvas = Canvas.blank(
        standard.grid, sides, model.card, settings, keep_probabilities
    )
    doubts = None
    if uncertainty is not None:
        opinions = make_opinions(model, outline, settings, uncertainty)
        doubts = DoubtCanvas.blank(standard.grid, opinions)

    def answers() -> Iterator[Answered]:
        for chunk in chunks_of(asked, settings.batch_size):
            window = chunk, box.rows, box.columns
            inside = None if sides is None else sides.labels[window]
            answer = outline(standard.hu[window], inside)
            if doubts is not None:
                doubts.paint(window, standard.hu[window], answer)
            yield chunk, answer

    for chunk, answer in within(box.slices, average_through_plane(answers(), sigma)):
        canvas.paint((chunk, box.rows, box.columns), answer)
        yield _report(box, chunk, canvas.labels)

    return Prediction(
        canvas.lesions(ct, settings.smallest_ml),
        lungs,
        canvas.probabilities_on(ct),
        outline.device,
        outline.engine,
        time.perf_counter() - start,
        tuple(outline.notes),
        None if doubts is None else doubts.on(ct.grid, sides),
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


def predict_picture(
    ct: CTVolume, model: LoadedModel, settings: PredictSettings
) -> Prediction:
    """Outline infection on a scan that is one 8-bit slice; probabilities are kept.

    Raises
    ------
    InputRefusedError
        If the model has no network, as it then needs HU.
    UsageError
        If the device or engine is not there.
    """
    start = time.perf_counter()
    outline = make_slice_outliner(model, settings)
    image = SliceImage(ct.hu[0].astype(np.uint8), "")
    answer = predict_image(image, model, outline, settings)
    return Prediction(
        LesionMask(answer.labels[None], ct.grid, model.card.labels),
        None,
        answer.probabilities[:, None],
        outline.device,
        outline.engine,
        time.perf_counter() - start,
        tuple(outline.notes),
    )


def doubt_image(
    image: SliceImage, answer: SlicePrediction, opinions: Opinions
) -> Uncertainty:
    """Tell where a network is unsure of its answer to one 8-bit slice.

    Parameters
    ----------
    image : SliceImage
        In a lung window.
    answer : SlicePrediction
        Of this slice.
    opinions : Opinions
        One for all slices.
    """
    plain = answer.probabilities[None]
    mean = opinions.mean(image.grey[None].astype(np.float32), plain)
    entropy = entropy_of(mean)
    scores = score_slices(entropy, is_suspect(mean))
    return Uncertainty(entropy[0], opinions.settings, scores)


def make_outliner(
    model: LoadedModel, settings: PredictSettings, ct: CTVolume
) -> Outliner:
    """Choose what outlines a scan: the model's network or, without one, HU bands."""
    if model.network is None:
        return HuThreshold(standardise_ct(ct).grid, is_hu=ct.is_hu)
    return NetworkOutliner(model.network, model.card, settings, is_hu=ct.is_hu)


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


def _only(box: Box, slices: slice | None) -> Box:
    if slices is None:
        return box
    start = min(max(slices.start, box.slices.start), box.slices.stop)
    return replace(
        box, slices=slice(start, max(min(slices.stop, box.slices.stop), start))
    )


def _report(box: Box, chunk: slice, labels: npt.NDArray[np.uint8]) -> Progress:
    return Progress(
        "Outlining infection",
        chunk.stop - box.slices.start,
        box.slices.stop - box.slices.start,
        chunk,
        labels[chunk].copy(),
    )

"""Find the right and the left lung with a network, slice by slice, as a generator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.errors import ModelRefusedError
from covseg_core.inference.batches import chunks_of, require_finite
from covseg_core.inference.config import RunSettings
from covseg_core.inference.outliners import NetworkOutliner
from covseg_core.inference.progress import Progress
from covseg_core.labels import LUNGS
from covseg_core.registry import store
from covseg_core.registry.card import HU_THRESHOLD
from covseg_core.registry.weights import load_model
from covseg_core.transforms.islands import largest_of_each
from covseg_core.transforms.lungs import SMALLEST_LUNG_ML, find_lungs
from covseg_core.transforms.orient import Orientation, standardise_ct
from covseg_core.transforms.postprocess import classes_of
from covseg_core.volume import LungMask, Source

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume

__all__ = ["lungs_of", "outline_lungs"]


def lungs_of(
    ct: CTVolume, settings: RunSettings | None = None
) -> Generator[Progress, None, LungMask]:
    """Find both lungs in the usual way; see `outline_lungs`."""
    model = load_model(store.find_model(store.LUNGS_MODEL))
    return (yield from outline_lungs(ct, model, settings or RunSettings()))


def outline_lungs(
    ct: CTVolume, model: LoadedModel, settings: RunSettings
) -> Generator[Progress, None, LungMask]:
    """Outline both lungs.

    Parameters
    ----------
    ct : CTVolume
        In any orientation, in HU or in grey levels.
    model : LoadedModel
        One that outlines lungs; without a network they are found by threshold.
    settings : RunSettings
        Device, engine, batch; the threshold is the model's own.

    Yields
    ------
    Progress
        After every batch; stop iterating to stop.

    Returns
    -------
    LungMask
        On the grid of `ct`: 1 the patient's right lung, 2 the left one, each in one
        piece.

    Raises
    ------
    InputRefusedError
        If no lungs are found or a voxel is not finite.
    ModelRefusedError
        If the model outlines something else.
    UsageError
        If the device or engine is not there.
    """
    require_finite(ct)
    yield Progress("Finding the lungs")
    if model.network is None:
        return _by_threshold(ct)
    if model.network.label_set != LUNGS:
        raise ModelRefusedError(
            f"the model {model.card.name!r} outlines {model.card.label_set}, not the "
            "lungs; choose another."
        )
    outline = NetworkOutliner(model.network, model.card, settings, is_hu=ct.is_hu)
    standard = standardise_ct(ct)
    labels = np.zeros(standard.hu.shape, np.uint8)
    whole = slice(0, len(labels))
    for chunk in chunks_of(whole, settings.batch_size):
        labels[chunk] = classes_of(outline(standard.hu[chunk]), model.card.threshold)
        yield Progress("Finding the lungs", chunk.stop, whole.stop)
    labels = largest_of_each(labels, standard.grid.spacing_mm_zyx)
    if np.count_nonzero(labels) * ct.grid.voxel_ml < SMALLEST_LUNG_ML:
        # A chest unlike any that the network has seen; this refuses what has no lungs.
        note = f"{model.card.name} found no lungs, so they were found by threshold."
        return _by_threshold(ct, note)
    turned = np.ascontiguousarray(Orientation(ct.grid).undo(labels))
    return LungMask(turned, ct.grid, source=Source(outlined_by=model.card.name))


def _by_threshold(ct: CTVolume, *notes: str) -> LungMask:
    source = Source(notes=notes, outlined_by=HU_THRESHOLD)
    return replace(find_lungs(ct), source=source)

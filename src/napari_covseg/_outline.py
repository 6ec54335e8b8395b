"""Outline infection on a scan, with a mask layer that grows meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from covseg_core.transforms.orient import standardise_mask
from napari_covseg._llvm_clash import avoid_llvm_clash
from napari_covseg._worker import Finished, Outcome, Run

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari.layers import Labels
    from napari.viewer import Viewer

    from covseg_core.inference.config import PredictSettings
    from covseg_core.inference.predict import Prediction, Progress
    from covseg_core.registry.store import ModelEntry
    from covseg_core.volume import CTVolume, LesionMask
    from napari_covseg._convert import LayerTuple

__all__ = ["GrowingMask", "outline_infection"]


def outline_infection(
    ct: CTVolume, entry: ModelEntry, settings: PredictSettings
) -> Generator[Progress, None, Prediction]:
    """Load a model and predict; torch is imported here, in the worker's thread.

    Yields
    ------
    Progress
        See `covseg_core.inference.predict.predict_ct`.

    Raises
    ------
    CovsegError
        If the model or the scan is refused.
    """
    avoid_llvm_clash()
    from covseg_core.inference.predict import predict_ct
    from covseg_core.registry.weights import load_model

    return (yield from predict_ct(ct, load_model(entry), settings))


class GrowingMask(QObject):
    """A Labels layer that follows a run, and goes if the run does not finish.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Gets the layer.
    blank : tuple
        The layer to begin with, see `_convert.blank_mask_layer`.
    run : Run
        Owns this object.
    """

    def __init__(self, viewer: Viewer, blank: LayerTuple, run: Run) -> None:
        super().__init__(run)
        self._viewer = viewer
        data, arguments, _ = blank
        self.layer: Labels = viewer.add_labels(data, **arguments)
        # Painting meanwhile would be overwritten, and undone into wrong voxels.
        self.layer.editable = False
        run.advanced.connect(self._paint)
        run.ended.connect(self._end)

    def _paint(self, progress: Progress) -> None:
        if progress.labels is None:
            return
        self.layer.data[progress.slices] = progress.labels
        self.layer.refresh()

    def _end(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self._fill(outcome.value.lesions)
        elif self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    def _fill(self, lesions: LesionMask) -> None:
        # In place: a new array would leave the undo history of the old one.
        np.copyto(self.layer.data, standardise_mask(lesions).labels)
        self.layer.editable = True
        self.layer.refresh()

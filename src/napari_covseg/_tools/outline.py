"""Outline infection on a scan in a child process, with a mask layer that grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from covseg_core.editing.change import Change
from covseg_core.transforms.orient import standardise_mask
from napari_covseg._processes.child import in_child
from napari_covseg._processes.worker import Finished, Outcome, Run
from napari_covseg._screen.slices import is_axial, shown_slice
from napari_covseg._tools.doubt import doubt_picture

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt
    from napari.layers import Labels
    from napari.viewer import Viewer

    from covseg_core.inference.config import PredictSettings, UncertaintySettings
    from covseg_core.inference.prediction import Prediction
    from covseg_core.inference.progress import Progress
    from covseg_core.registry.store import ModelEntry
    from covseg_core.volume import CTVolume, LungMask
    from napari_covseg._session.editor import MaskEditor

__all__ = ["Growth", "Outline", "OutlineWish", "outline", "predict"]


@dataclass(frozen=True, eq=False)
class OutlineWish:
    """What to outline.

    Parameters
    ----------
    ct : CTVolume
        In the standard orientation.
    entry : ModelEntry
        With which model.
    settings : PredictSettings
        How.
    lungs : LungMask, optional
        On the grid of `ct`; found if not given.
    slices : slice, optional
        Only these.
    uncertainty : UncertaintySettings, optional
        Tell where the model is unsure, too.
    """

    ct: CTVolume
    entry: ModelEntry
    settings: PredictSettings
    lungs: LungMask | None = None
    slices: slice | None = None
    uncertainty: UncertaintySettings | None = None


@dataclass(frozen=True, eq=False)
class Outline:
    """A mask that a model drew, ready to be shown.

    Parameters
    ----------
    prediction : Prediction
        What the model said; see `covseg_core.inference.predict.predict_ct`.
    labels : ndarray of uint8, shape (Z, Y, X)
        The mask as it shall be.
    change : Change or None
        From the mask that was there; None if nothing differs.
    doubt : ndarray of uint8, shape (Z, Y, X), or None
        Where the model is unsure; see `_tools.doubt.doubt_picture`.
    """

    prediction: Prediction
    labels: npt.NDArray[np.uint8]
    change: Change | None
    doubt: npt.NDArray[np.uint8] | None = None


def predict(wish: OutlineWish) -> Generator[Progress, None, Prediction]:
    """Load a model and predict; for a child process, as torch is imported here.

    Raises
    ------
    CovsegError
        If the model or the scan is refused.
    """
    from covseg_core.inference.predict import predict_ct
    from covseg_core.registry.weights import load_model

    model = load_model(wish.entry)
    return (
        yield from predict_ct(
            wish.ct,
            model,
            wish.settings,
            lungs=wish.lungs,
            uncertainty=wish.uncertainty,
            slices=wish.slices,
        )
    )


def outline(
    wish: OutlineWish, before: npt.NDArray[np.uint8]
) -> Generator[Progress | None, None, Outline]:
    """Outline in a child process, and compare with the mask that is there.

    Parameters
    ----------
    wish : OutlineWish
        What to outline.
    before : ndarray of uint8, shape (Z, Y, X)
        The mask that is there; slices that are not wished for keep it.
    """
    prediction = yield from in_child(predict, wish)
    labels = np.ascontiguousarray(standardise_mask(prediction.lesions).labels)
    if wish.slices is not None:
        drawn, labels = labels[wish.slices], before.copy()
        labels[wish.slices] = drawn
    change = Change.between(f"Outline ({wish.entry.card.name})", before, labels)
    unsure = prediction.uncertainty
    doubt = None if unsure is None else doubt_picture(unsure.entropy)
    return Outline(prediction, labels, change, doubt)


class Growth(QObject):
    """Shows slices of a mask as they are outlined, then makes the run one edit.

    Parameters
    ----------
    editor : MaskEditor
        Of the mask; locked until the run ends.
    run : Run
        Of `outline`; owns this object.
    viewer : napari.viewer.Viewer
        Where the mask is shown.
    """

    def __init__(self, editor: MaskEditor, run: Run, viewer: Viewer) -> None:
        super().__init__(run)
        self._viewer = viewer
        self._editor: MaskEditor | None = editor
        editor.destroyed.connect(self._let_go)
        # Painting meanwhile would be overwritten.
        editor.lock()
        run.advanced.connect(self._paint)
        run.ended.connect(self._end)

    def _paint(self, progress: Progress) -> None:
        if progress.labels is None or self._editor is None:
            return
        self._editor.labels[progress.slices] = progress.labels
        # Drawing takes longer than all the rest, so only what is seen is drawn.
        if self._is_seen(progress.slices, self._editor.layer):
            self._editor.layer.refresh(extent=False, thumbnail=False)

    def _is_seen(self, slices: slice | None, layer: Labels) -> bool:
        if layer not in self._viewer.layers:
            return False
        if slices is None or not is_axial(self._viewer):
            return True
        return bool(slices.start <= shown_slice(self._viewer, layer) < slices.stop)

    def _let_go(self) -> None:
        # The reader removed the mask while it grew.
        self._editor = None

    def _end(self, outcome: Outcome) -> None:
        if (editor := self._editor) is None:
            return
        # What grew on screen is no edit yet.
        np.copyto(editor.labels, editor.kept)
        editor.unlock()
        if isinstance(outcome, Finished) and outcome.value.change is not None:
            editor.apply_change(
                outcome.value.change, outcome.value.labels, by_hand=False
            )
        else:
            editor.layer.refresh(extent=False)

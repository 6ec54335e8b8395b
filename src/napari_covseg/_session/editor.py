"""The one door through which a mask changes, by hand or by a tool.

napari keeps its own strokes as long as there are fewer than a hundred, however large,
and undoes them into arrays that were replaced meanwhile.  So the mask as it was after
the last edit is kept beside the layer; what differs from it is the next edit.  Undo,
redo and the journal come from there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from napari.utils.notifications import show_warning
from qtpy.QtCore import QObject, QTimer, Signal

from covseg_core.editing.change import Box, Change, whole
from covseg_core.editing.history import History
from covseg_core.io.mask_origin import MaskOrigin
from napari_covseg._convert import MaskFacts, facts_of, restate
from napari_covseg._screen.once import once
from napari_covseg._session.stroke import box_of_stroke, box_under_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    import numpy.typing as npt
    from napari.layers import Labels

    from covseg_core.labels import LabelSet

__all__ = ["GROWING", "Limit", "MaskEditor"]

GROWING = "Wait until the outline is done."
"""Said where a mask is wanted that a run still writes to."""

_Labels: TypeAlias = "npt.NDArray[np.uint8]"
Limit: TypeAlias = "Callable[[_Labels, _Labels, Box], npt.NDArray[np.bool_] | None]"
"""Of a stroke's box before and after it: which voxels it may change; None for all."""

_LOOK_MS = 1000
_STROKES = {"paint": "Brush", "erase": "Eraser", "fill": "Fill", "polygon": "Polygon"}


class MaskEditor(QObject):
    """Edits one Labels layer, with undo.

    Parameters
    ----------
    layer : napari.layers.Labels
        With `_convert.MaskFacts` in its metadata.
    origin : MaskOrigin
        Who drew the mask as it is now; whom the layer's facts name, if not given.
    parent : QObject, optional
        Owner of the editor.

    Attributes
    ----------
    edited : Signal
        Sends the `Change` after every stroke, tool, undo and redo; an undo sends the
        inverse.
    state_changed : Signal
        Sent when slices were ticked, the mask was saved or locked.
    parent_version : int or None
        Of the case: what the mask was made from; None if from nothing that is kept.
    limit : callable or None
        Asked which voxels a stroke may change; see `Limit`.
    """

    edited = Signal(object)
    state_changed = Signal()

    def __init__(
        self,
        layer: Labels,
        origin: MaskOrigin | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.layer = layer
        self.limit: Limit | None = None
        self.parent_version: int | None = None
        self.history = History()
        self.checked: frozenset[int] = frozenset()
        self.is_stroking = False
        self._facts = _mask_facts(layer)
        self._opened_origin = origin or self._facts.origin or MaskOrigin("manual")
        self._kept, self._counts = _copied(layer.data, self.label_set.values)
        self._opened = self._kept
        self._is_saved = True
        self._is_touched = False
        self._mode = ""
        self._locked_by: set[str] = set()
        self._restate()
        self._announced: tuple[str, Box] | None = None
        self._look = once(self, self._keep_foreign, _LOOK_MS)
        layer.events.paint.connect(self._on_paint)
        layer.events.data.connect(self._on_replaced)
        layer.events.set_data.connect(self._on_drawn)
        layer.mouse_drag_callbacks.append(self._watch)

    @property
    def labels(self) -> _Labels:
        """The mask (Z, Y, X) as it is on screen, in the standard orientation."""
        return self.layer.data

    @property
    def kept(self) -> _Labels:
        """The mask (Z, Y, X) after the last edit; do not write to it."""
        return self._kept

    @property
    def facts(self) -> MaskFacts:
        """Grid and classes."""
        return self._facts

    @property
    def label_set(self) -> LabelSet:
        """What the voxel values mean."""
        return self._facts.label_set

    @property
    def volumes_ml(self) -> dict[int, float]:
        """Volume of each class by its value, in millilitres."""
        voxel_ml = self._facts.grid.voxel_ml
        return {value: count * voxel_ml for value, count in self._counts.items()}

    @property
    def origin(self) -> MaskOrigin:
        """Who drew the mask as it is now: a model's is ``edited`` once touched."""
        opened = self._opened_origin
        is_corrected = self._is_touched and opened.kind == "model"
        return replace(opened, kind="edited") if is_corrected else opened

    @property
    def undo_title(self) -> str | None:
        """What `undo` would take back; None if there is nothing."""
        return self.history.undo_title

    @property
    def redo_title(self) -> str | None:
        """What `redo` would make again; None if there is nothing."""
        return self.history.redo_title

    @property
    def is_saved(self) -> bool:
        """Whether nothing was edited since the mask was opened or saved."""
        return self._is_saved

    @property
    def is_locked(self) -> bool:
        """Whether nobody may paint; see `lock`."""
        return bool(self._locked_by)

    @property
    def is_growing(self) -> bool:
        """Whether a run writes to the mask, so that what is there is half of it."""
        return "run" in self._locked_by

    def apply(self, title: str, labels: _Labels) -> Change | None:
        """Make a mask (Z, Y, X) the next edit, one undo step.

        Returns
        -------
        Change or None
            None if it is the mask that there is.

        Raises
        ------
        GeometryError
            If its shape is another.
        """
        self.commit()
        change = Change.between(title, self._kept, labels)
        if change is not None:
            self.apply_change(change)
        return change

    def apply_change(
        self, change: Change, labels: _Labels | None = None, *, by_hand: bool = True
    ) -> None:
        """Make a change that was compared with `kept` before, one undo step.

        Parameters
        ----------
        change : Change
            From `kept`, which must not have changed meanwhile: see `lock`.
        labels : ndarray of uint8, shape (Z, Y, X), optional
            The mask after it; copying is quicker than making a large change.
        by_hand : bool
            False for what a model drew: nobody asks to save that on closing.
        """
        if labels is None:
            self._make(change)
        else:
            self.layer.data[change.box] = labels[change.box]
            self._follow(change.box)
        self._remember(change, by_hand=by_hand)

    def undo(self) -> None:
        """Take back the last edit; not while the mask grows."""
        self.commit()
        if not self.is_growing and (change := self.history.undo()) is not None:
            self._replay(change.inverse())

    def redo(self) -> None:
        """Make the edit again that was undone last; not while the mask grows."""
        self.commit()
        if not self.is_growing and (change := self.history.redo()) is not None:
            self._replay(change)

    def commit(self, title: str = "Edit") -> None:
        """Remember what differs from the last edit, whoever wrote it there.

        What a run writes is no edit before the run has ended.
        """
        if self.is_growing:
            return
        self._keep_announced()
        self._keep(title, whole(self._kept.shape))

    def draft(self) -> Change | None:
        """Compare with the last edit, without remembering anything."""
        return Change.between("Brush", self._kept, self.labels)

    def tick(self, slices: frozenset[int]) -> None:
        """Say which slices the reader has checked, counted from 0."""
        if slices != self.checked:
            self.checked = slices
            self._is_saved = False
            self.state_changed.emit()

    def mark_saved(self) -> None:
        """Say that the mask as it is now is on disk."""
        self._is_saved = True
        self.state_changed.emit()

    def mark_unsaved(self) -> None:
        """Say that the mask is on no disk, as when it was just recovered."""
        self._is_saved = False
        self._is_touched = True
        self._restate()
        self.state_changed.emit()

    def opened_labels(self) -> _Labels:
        """Give the mask (Z, Y, X) as it was before the first edit; do not write."""
        return self._opened

    def lock(self, by: Literal["run", "look"] = "run") -> None:
        """Keep the reader from painting: a run writes, or an older mask is seen."""
        if not self.is_locked:
            self._mode = str(self.layer.mode)
            self.layer.editable = False
        self._locked_by.add(by)
        self._restate()
        self.state_changed.emit()

    def unlock(self, by: Literal["run", "look"] = "run") -> None:
        """Let the reader paint again, with the tool in hand, if no other lock is on."""
        if by not in self._locked_by:
            return
        self._locked_by.remove(by)
        self._restate()
        if not self.is_locked:
            self.layer.editable = True
            self.layer.mode = self._mode
        self.state_changed.emit()

    def close(self) -> None:
        """Let go of the layer."""
        self.layer.events.paint.disconnect(self._on_paint)
        self.layer.events.data.disconnect(self._on_replaced)
        self.layer.events.set_data.disconnect(self._on_drawn)
        self._look.stop()
        self.layer.mouse_drag_callbacks.remove(self._watch)

    def _on_paint(self, event: Any) -> None:
        title = _STROKES.get(str(self.layer.mode), "Edit")
        box = box_of_stroke(event.value, self._kept.shape)
        if self._keep(title, box):
            _forget_napari_history(self.layer)
        else:
            # napari tells of a polygon, a fill and a click before it makes them.
            self._announced = title, box
            QTimer.singleShot(0, self._keep_announced)

    def _on_replaced(self, event: Any) -> None:
        """Follow a new array; one that is no mask of this scan is not taken."""
        self._announced = None
        data = self.layer.data
        fits = isinstance(data, np.ndarray) and data.shape == self._kept.shape
        if fits and data.dtype == np.uint8 and data.flags.writeable:
            self.commit()
        else:
            show_warning(
                "The mask was replaced by something of another size or kind; CovSeg "
                "put it back."
            )
            self.layer.data = self._kept.copy()
        _forget_napari_history(self.layer)

    def _on_drawn(self, event: Any) -> None:
        # Another view of the same array tells nothing but this.
        self._look.start()

    def _keep_foreign(self) -> None:
        if self.is_stroking:
            self._look.start()
        elif not self.is_locked:
            self.commit()

    def _watch(self, layer: Labels, event: Any) -> Generator[None, None, None]:
        """Hold a stroke within its limits while it grows."""
        self.is_stroking = True
        yield
        while event.type == "mouse_move":
            self._hold_back(event)
            yield
        self.is_stroking = False

    def _keep_announced(self) -> None:
        if self._announced is not None:
            self._keep(*self._announced)
            self._announced = None
            _forget_napari_history(self.layer)

    def _hold_back(self, event: Any) -> None:
        flat = self.layer.n_edit_dimensions < self.layer.ndim
        spread = 0 if flat else int(self.layer.brush_size)
        if self.limit is not None and self._limited(
            box_under_pointer(self.layer, event, spread)
        ):
            self._refresh()

    def _limited(self, box: Box) -> bool:
        """Put back what a stroke may not change; whether there was anything."""
        if self.limit is None:
            return False
        before, after = self._kept[box], self.labels[box]
        differs = before != after
        allowed = self.limit(before, after, box) if differs.any() else None
        if allowed is None or not (wrong := differs & ~allowed).any():
            return False
        after[wrong] = before[wrong]
        return True

    def _keep(self, title: str, box: Box) -> bool:
        """Remember what differs in a box; whether anything did."""
        was_limited = self._limited(box)
        change = Change.between(title, self._kept, self.labels, box)
        if change is not None:
            self._follow(change.box)
            self._remember(change)
        elif was_limited:
            self._refresh()
        return change is not None

    def _kept_to_write(self) -> _Labels:
        # The mask as it was opened stays, for the reader to look at.
        if self._kept is self._opened:
            self._kept = self._opened.copy()
        return self._kept

    def _remember(self, change: Change, *, by_hand: bool = True) -> None:
        self.history.push(change)
        self._tell(change, by_hand=by_hand)

    def _replay(self, change: Change) -> None:
        self._make(change)
        self._tell(change)

    def _make(self, change: Change) -> None:
        change.apply(self.layer.data)
        self._follow(change.box)

    def _follow(self, box: Box) -> None:
        self._kept_to_write()[box] = self.layer.data[box]
        self._refresh()

    def _tell(self, change: Change, *, by_hand: bool = True) -> None:
        for value, count in change.gained.items():
            if value in self._counts:
                self._counts[value] += count
        self._is_touched |= by_hand
        self._is_saved &= not by_hand
        self._restate()
        self.edited.emit(change)

    def _restate(self) -> None:
        """Let those who have but the layer know what became of the mask."""
        self._facts = replace(
            self._facts, is_growing=self.is_growing, origin=self.origin
        )
        restate(self.layer.metadata, self._facts)

    def _refresh(self) -> None:
        self.layer.refresh(extent=False)


def _mask_facts(layer: Labels) -> MaskFacts:
    facts = facts_of(layer.metadata)
    if not isinstance(facts, MaskFacts):
        raise TypeError("only a mask on a scan of CovSeg can be edited.")
    return facts


def _copied(labels: _Labels, values: Collection[int]) -> tuple[_Labels, dict[int, int]]:
    """Copy a mask, and count the voxels of each value."""
    # Slices without a mask take no memory until one is drawn there.
    copy = np.zeros(labels.shape, np.uint8)
    counts = dict.fromkeys(values, 0)
    for number in range(len(labels)):
        here = labels[number]
        if here.any():
            copy[number] = here
            for value in values:
                counts[value] += int(np.count_nonzero(here == np.uint8(value)))
    return copy, counts


def _forget_napari_history(layer: Labels) -> None:
    """Free what napari keeps for its own undo, which is not used."""
    layer._reset_history()

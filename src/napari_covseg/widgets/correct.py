"""Correct a mask by hand: tools with their keys, undo, and slices that are done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_covseg._screen.style import restyle
from napari_covseg._tools.keys import bind_shortcuts, class_key
from napari_covseg.widgets._buttons import leave_the_keyboard
from napari_covseg.widgets._checked_slices import CheckedSlices
from napari_covseg.widgets._class_buttons import ClassButtons
from napari_covseg.widgets._folded import Fold
from napari_covseg.widgets._hand_tools import HandTools
from napari_covseg.widgets._lesion_buttons import LesionButtons
from napari_covseg.widgets._limits_form import LimitsForm
from napari_covseg.widgets._mask_view import MaskView
from napari_covseg.widgets._run_panel import wrapped_label
from napari_covseg.widgets._slice_tools import SliceTools
from napari_covseg.widgets._undo_buttons import UndoButtons
from napari_covseg.widgets._whole_tools import WholeTools

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["CorrectStep"]

_NO_MASK = (
    "There is no mask yet: outline the scan in the step Segment, or choose or begin a "
    "mask in the step Case."
)


class CorrectStep(QWidget):
    """Everything to correct the session's mask with.

    Parameters
    ----------
    session : Session
        Whose mask is corrected.
    parent : QWidget, optional
        Owner of the step.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._editor: MaskEditor | None = None
        self.no_mask = wrapped_label("faint", _NO_MASK)
        self.undo = UndoButtons()
        self.classes = ClassButtons()
        self.hand = HandTools()
        self.limits = LimitsForm(session)
        self.whole = WholeTools(session.viewer, self._chosen_class)
        self.lesions = LesionButtons(
            session.viewer, self.whole.run_now, self._chosen_class
        )
        self.between = SliceTools(self.whole.run_now)
        self.slices = CheckedSlices(session)
        self.view = MaskView(session.viewer)
        self.note = wrapped_label("warning")
        self._tools = QWidget()
        self._lay_out()
        self.limits.guard.refused.connect(lambda told: self._say(told, warning=True))
        self.whole.said.connect(lambda told, warning: self._say(told, warning=warning))
        lesion_buttons = (self.lesions.relabel_button, self.lesions.erase_button)
        for button in (*self.hand.buttons.values(), *lesion_buttons):
            button.clicked.connect(self._activate)
        session.mask_changed.connect(self._follow)
        self._follow()

    def _chosen_class(self) -> int:
        return self.classes.value

    def _lay_out(self) -> None:
        limits = Fold("Limits of the brush", self.limits)
        whole_mask = Fold("Tools for the whole mask", self.whole)
        for fold in (limits, whole_mask):
            leave_the_keyboard(fold.button)
        column = QVBoxLayout(self._tools)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (
            self.classes,
            self.hand,
            self.lesions,
            self.between,
            self.note,
            self.undo,
            self.slices,
            self.view,
            limits,
            whole_mask,
        ):
            column.addWidget(part)
        column.addStretch()
        self.note.hide()
        parts = QVBoxLayout(self)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.addWidget(self.no_mask)
        parts.addWidget(self._tools)

    def _follow(self) -> None:
        """Serve the session's mask."""
        editor = self._session.mask
        if self._editor is not None:
            self._editor.limit = None
            self._editor.edited.disconnect(self._forget_note)
        self._editor = editor
        self._forget_note()
        self.no_mask.setVisible(editor is None)
        self._tools.setVisible(editor is not None)
        for part in (self.undo, self.classes, self.lesions, self.whole, self.slices):
            part.follow(editor)
        self.hand.follow(editor.layer if editor else None)
        self.view.follow(editor)
        if editor is not None:
            editor.limit = self.limits.guard
            editor.edited.connect(self._forget_note)
            keys = {
                key: partial(self._serve, editor, act)
                for key, act in self._actions(editor).items()
            }
            bind_shortcuts(editor.layer, keys)
            self._activate()

    def _activate(self, is_down: bool = True) -> None:
        """Give the mask the mouse and the keys, which go to the active layer."""
        layers = self._session.viewer.layers
        if self._editor is not None and self._editor.layer in layers:
            layers.selection.active = self._editor.layer

    def _serve(self, editor: MaskEditor, act: Callable[[], None]) -> None:
        """Do what a key of a mask says, with that mask and no other."""
        self._session.take_active()
        if self._editor is editor:
            act()

    def _actions(self, editor: MaskEditor) -> dict[str, Callable[[], None]]:
        hand, slices, view, undo = self.hand, self.slices, self.view, self.undo
        actions: dict[str, Callable[[], None]] = {
            class_key(value): partial(self.classes.choose, value)
            for value in editor.label_set.values
            if class_key(value)
        }
        actions |= {tool: partial(hand.choose, tool) for tool in hand.buttons}
        return actions | {
            "volume": hand.volume.toggle,
            "smaller": partial(hand.step_size, -1),
            "larger": partial(hand.step_size, 1),
            "undo": undo.undo,
            "redo": undo.redo,
            "redo_too": undo.redo,
            "next": slices.go_to_next,
            "uncertain": slices.go_to_uncertain,
            "check": slices.check,
            "outline": view.toggle_outline,
            "compare": view.toggle_before,
            "between": self.between.fill_gap,
            "copy_below": self.between.copy_below,
            "copy_above": self.between.copy_above,
            **self._lesion_actions(),
        }

    def _lesion_actions(self) -> dict[str, Callable[[], None]]:
        at_pointer = self.lesions.at_pointer
        return {
            "relabel": partial(at_pointer, erases=False, in_slice=False),
            "relabel_slice": partial(at_pointer, erases=False, in_slice=True),
            "erase": partial(at_pointer, erases=True, in_slice=False),
            "erase_slice": partial(at_pointer, erases=True, in_slice=True),
        }

    def _forget_note(self, change: object = None) -> None:
        self._say("")

    def _say(self, sentence: str, *, warning: bool = False) -> None:
        restyle(self.note, "warning" if warning else "faint")
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

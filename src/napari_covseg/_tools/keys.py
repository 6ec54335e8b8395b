"""The shortcuts of correcting: which key does what, told once for keys and buttons.

napari's own keys of a Labels layer that would do harm here are taken: ``M`` and
``=`` choose classes that mean nothing, ``7`` moves the mask away from its scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.layers import Labels

__all__ = ["SHORTCUTS", "Shortcut", "bind_shortcuts", "class_key"]


@dataclass(frozen=True)
class Shortcut:
    """One key.

    Parameters
    ----------
    key : str
        In napari's notation, such as ``Control-Z``.
    title : str
        Short name of what it does.
    help : str
        The same in a sentence.
    """

    key: str
    title: str
    help: str

    @property
    def shown(self) -> str:
        """The key as it is written on this computer."""
        sequence = QKeySequence(self.key.replace("Control", "Ctrl").replace("-", "+"))
        return str(sequence.toString(QKeySequence.SequenceFormat.NativeText))


SHORTCUTS = {
    "brush": Shortcut("B", "Brush", "Paint the chosen class."),
    "eraser": Shortcut("E", "Eraser", "Erase with the brush."),
    "polygon": Shortcut(
        "P",
        "Polygon",
        "Outline a region corner by corner; a double click or Enter fills it, Escape "
        "drops it. On one slice only.",
    ),
    "fill": Shortcut(
        "F", "Fill", "Click into a hole or a lesion to give it the chosen class."
    ),
    "pick": Shortcut("I", "Pick", "Click on a lesion to choose its class."),
    "move": Shortcut("M", "Move", "Drag the picture and zoom; nothing is painted."),
    "volume": Shortcut(
        "D",
        "3-D",
        "Brush, eraser and fill work on the neighbouring slices too: the brush is a "
        "ball.",
    ),
    "smaller": Shortcut("[", "Smaller", "Make the brush smaller."),
    "larger": Shortcut("]", "Larger", "Make the brush larger."),
    "relabel": Shortcut(
        "R",
        "Change lesion",
        "Give the whole lesion under the mouse pointer the chosen class.",
    ),
    "relabel_slice": Shortcut(
        "Shift-R",
        "Change lesion here",
        "Give the lesion under the mouse pointer the chosen class, on this slice only.",
    ),
    "erase": Shortcut(
        "X", "Erase lesion", "Erase the whole lesion under the mouse pointer."
    ),
    "erase_slice": Shortcut(
        "Shift-X",
        "Erase lesion here",
        "Erase the lesion under the mouse pointer, on this slice only.",
    ),
    "undo": Shortcut("Control-Z", "Undo", "Take back the last step."),
    "redo": Shortcut("Control-Shift-Z", "Redo", "Make again what was taken back."),
    "redo_too": Shortcut("Control-Y", "Redo", "Make again what was taken back."),
    "between": Shortcut(
        "G",
        "Fill gap between slices",
        "Fill the slices between the painted ones below and above this slice.",
    ),
    "copy_below": Shortcut(
        "Shift-Up",
        "Copy from slice below",
        "Paint here what the slice below has of the chosen class.",
    ),
    "copy_above": Shortcut(
        "Shift-Down",
        "Copy from slice above",
        "Paint here what the slice above has of the chosen class.",
    ),
    "next": Shortcut(
        "N", "Next unchecked", "Go to the next slice that is not marked as checked."
    ),
    "uncertain": Shortcut(
        "U",
        "Most uncertain",
        "Go to the slice, not yet checked, about which the model is least sure.",
    ),
    "check": Shortcut(
        "C", "Slice checked", "Mark this slice as checked, or unmark it."
    ),
    "outline": Shortcut(
        "O", "Outline only", "Show the outline of the mask instead of its area."
    ),
    "compare": Shortcut(
        "T", "As opened", "Show the mask as it was when it was opened, and go back."
    ),
}
"""By the name of the action."""

_CLASS_KEYS = tuple(str(digit) for digit in range(1, 10))
_HARMFUL = ("-", "=")


def class_key(value: int) -> str:
    """Give the key that chooses a class; empty for classes beyond the ninth."""
    return str(value) if str(value) in _CLASS_KEYS else ""


def bind_shortcuts(layer: Labels, actions: Mapping[str, Callable[[], None]]) -> None:
    """Bind the keys of a mask layer, instead of those that napari has for it.

    Parameters
    ----------
    layer : napari.layers.Labels
        Its keys work while it is the active layer.
    actions : mapping of str to callable
        What to do by the name in `SHORTCUTS`, or by a `class_key`.
    """
    # A class that a mask does not have must not fall through to napari's tools.
    for key in (*_CLASS_KEYS, *_HARMFUL):
        layer.bind_key(key, _do_nothing, overwrite=True)
    for name, action in actions.items():
        key = SHORTCUTS[name].key if name in SHORTCUTS else name
        layer.bind_key(key, _ignoring_the_layer(action), overwrite=True)


def _do_nothing(layer: Labels) -> None:
    """Block a key; napari cannot, as it asks every binding for its name."""


def _ignoring_the_layer(action: Callable[[], None]) -> Callable[[Labels], None]:
    def act(layer: Labels) -> None:
        action()

    return act

"""Ask what becomes of corrections before another case is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_covseg._screen.choice import ChoiceDialog

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["DISCARD", "SAVE", "STAY", "UnsavedDialog"]

SAVE, DISCARD, STAY = "save", "discard", "stay"
_CHOICES = (
    (SAVE, "Save version", "Save as a new version, then open the other case."),
    (DISCARD, "Discard", "Open the other case; these corrections are lost."),
    (STAY, "Stay", "Go on correcting this case."),
)


class UnsavedDialog(ChoiceDialog):
    """Offers to save, to discard or to stay; staying is what Escape does.

    Parameters
    ----------
    case_id : str
        The case whose corrections are not saved.
    parent : QWidget, optional
        Window that the dialog stands before.
    """

    def __init__(self, case_id: str, parent: QWidget | None = None) -> None:
        words = f"The mask of {case_id} has corrections that are not saved."
        super().__init__("Corrections are not saved", words, _CHOICES, parent)
        self.save, self.discard, self.stay = self.buttons

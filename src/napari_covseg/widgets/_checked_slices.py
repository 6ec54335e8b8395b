"""Which slices were checked, and which to look at next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from covseg_core.editing.checking import most_uncertain, next_unchecked
from napari_covseg._screen.slices import is_axial, show_slice, shown_slice
from napari_covseg._tools.keys import SHORTCUTS
from napari_covseg.widgets._buttons import key_button

if TYPE_CHECKING:
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["CheckedSlices"]

_NO_DOUBT = (
    "Known once the scan was outlined with “Show where the model is unsure”, in the "
    "step Segment."
)
_NO_SLICE = "Show axial slices to check them"


class CheckedSlices(QWidget):
    """Marks slices as checked and leads to those that are not.

    Parameters
    ----------
    session : Session
        Knows how unsure the model was.
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._editor: MaskEditor | None = None
        self.count = QLabel()
        self.check_button = key_button("check", checkable=True)
        self.next_button = key_button("next")
        self.uncertain_button = key_button("uncertain")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.count, 0, 0, 1, 2)
        grid.addWidget(self.check_button, 1, 0, 1, 2)
        grid.addWidget(self.next_button, 2, 0)
        grid.addWidget(self.uncertain_button, 2, 1)
        self.check_button.clicked.connect(lambda: self.check())
        self.next_button.clicked.connect(lambda: self.go_to_next())
        self.uncertain_button.clicked.connect(lambda: self.go_to_uncertain())
        dims = session.viewer.dims.events
        for changed in (dims.point, dims.order, dims.ndisplay):
            changed.connect(self._show)
        session.doubt_changed.connect(self._show)
        self._show()

    def follow(self, editor: MaskEditor | None) -> None:
        """Serve another mask, or none."""
        if self._editor is not None:
            self._editor.state_changed.disconnect(self._show)
        self._editor = editor
        if editor is not None:
            editor.state_changed.connect(self._show)
        self._show()

    def check(self) -> None:
        """Mark the shown slice as checked, or unmark it."""
        if self._editor is not None and is_axial(self._session.viewer):
            shown = shown_slice(self._session.viewer, self._editor.layer)
            self._editor.tick(self._editor.checked ^ {shown})

    def go_to_next(self) -> None:
        """Show the next slice that is not checked."""
        if self._editor is not None:
            shown = shown_slice(self._session.viewer, self._editor.layer)
            total = len(self._editor.labels)
            self._go_to(next_unchecked(self._editor.checked, shown, total))

    def go_to_uncertain(self) -> None:
        """Show the unchecked slice that the model is least sure of."""
        if self._editor is not None and self._session.doubt is not None:
            self._go_to(most_uncertain(self._session.doubt, self._editor.checked))

    def _go_to(self, number: int | None) -> None:
        if number is not None and self._editor is not None:
            show_slice(self._session.viewer, self._editor.layer, number)

    def _show(self, event: Any = None) -> None:
        editor = self._editor
        has_doubt = self._session.doubt is not None
        has_slice = is_axial(self._session.viewer)
        self.check_button.setEnabled(editor is not None and has_slice)
        self.next_button.setEnabled(editor is not None)
        self.uncertain_button.setEnabled(editor is not None and has_doubt)
        help_ = SHORTCUTS["uncertain"].help
        self.uncertain_button.setToolTip(help_ if has_doubt else _NO_DOUBT)
        if editor is None:
            self.count.clear()
            return
        shown, total = shown_slice(self._session.viewer, editor.layer), len(editor.kept)
        is_checked = has_slice and shown in editor.checked
        where = f"Slice {shown + 1} of {total}" if has_slice else _NO_SLICE
        self.count.setText(f"{where}; {len(editor.checked)} of {total} checked")
        with QSignalBlocker(self.check_button):
            self.check_button.setChecked(is_checked)
        mark = "✓ " if is_checked else ""
        check = SHORTCUTS["check"]
        self.check_button.setText(f"{mark}{check.title} ({check.shown})")

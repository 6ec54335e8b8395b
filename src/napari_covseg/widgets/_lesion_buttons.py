"""Change or erase one whole lesion: by key under the pointer, or by a click."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QWidget

from covseg_core.editing.tools import lesion_tool
from covseg_core.settings import Settings
from napari_covseg._screen.slices import voxel_at
from napari_covseg._tools.next_click import NextClick
from napari_covseg.widgets._buttons import key_button

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.viewer import Viewer

    from covseg_core.editing.tools import Tool
    from napari_covseg._session.editor import MaskEditor

__all__ = ["LesionButtons"]

_SHIFT = "With Shift the key changes this slice only."


class LesionButtons(QWidget):
    """Makes the tool for one lesion and hands it over.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Knows where the pointer is.
    run : callable
        Runs a tool with its settings.
    chosen_class : callable
        Gives the value of the class that a lesion becomes.
    parent : QWidget, optional
        Owner of the widget.
    """

    def __init__(
        self,
        viewer: Viewer,
        run: Callable[[Tool, Settings], None],
        chosen_class: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._run, self._chosen_class = viewer, run, chosen_class
        self._editor: MaskEditor | None = None
        self._next_click = NextClick(self)
        self.relabel_button = key_button("relabel", checkable=True)
        self.erase_button = key_button("erase", checkable=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button, erases in (
            (self.relabel_button, False),
            (self.erase_button, True),
        ):
            button.setToolTip(
                f"Then click on the lesion.\n{button.toolTip()}\n{_SHIFT}"
            )
            button.clicked.connect(
                lambda is_down, erases=erases: self._wait(is_down, erases=erases)
            )
            row.addWidget(button)
        self._next_click.ended.connect(self._show)

    def follow(self, editor: MaskEditor | None) -> None:
        """Serve another mask, or none."""
        self._next_click.cancel()
        if self._editor is not None:
            self._editor.state_changed.disconnect(self._offer)
        self._editor = editor
        if editor is not None:
            editor.state_changed.connect(self._offer)
        self._offer()

    def at_pointer(self, *, erases: bool, in_slice: bool) -> None:
        """Change or erase the lesion under the mouse pointer."""
        self._act(self._viewer.cursor.position, erases=erases, in_slice=in_slice)

    def _wait(self, is_down: bool, *, erases: bool) -> None:
        if self._editor is None or not is_down or not self._editor.layer.editable:
            self._next_click.cancel()
            self._show()
        else:
            act = partial(self._act, erases=erases, in_slice=False)
            self._next_click.wait(self._editor.layer, act)
            button = self.erase_button if erases else self.relabel_button
            button.setChecked(True)

    def _act(self, position: Any, *, erases: bool, in_slice: bool) -> None:
        if self._editor is not None:
            voxel = voxel_at(self._editor.layer, position)
            value = 0 if erases else self._chosen_class()
            self._run(lesion_tool(voxel, value, in_slice=in_slice), Settings())

    def _offer(self) -> None:
        self.setEnabled(self._editor is not None and not self._editor.is_locked)

    def _show(self) -> None:
        if not self._next_click.is_waiting:
            self.relabel_button.setChecked(False)
            self.erase_button.setChecked(False)

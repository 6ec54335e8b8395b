"""How long a reader has worked on each case, told by what moves in the viewer."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.QtCore import QObject

from covseg_core.cases.attention import Attention

if TYPE_CHECKING:
    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.session import Session

__all__ = ["Presence"]


class Presence(QObject):
    """A clock per case, which runs while its scan is looked at or corrected.

    Parameters
    ----------
    session : Session
        Says which case is in front.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._clocks: defaultdict[str, Attention] = defaultdict(Attention)
        self._front: str | None = None
        self._followed: WeakSet[MaskEditor] = WeakSet()
        viewer = session.viewer
        viewer.dims.events.current_step.connect(self.touch)
        viewer.mouse_move_callbacks.append(self.touch)
        session.case_changed.connect(self._change_case)
        session.mask_changed.connect(self._follow_mask)

    @property
    def seconds(self) -> float:
        """How long the case in front was worked on since it was saved."""
        if self._front is None:
            return 0.0
        return self._clocks[self._front].seconds(time.monotonic())

    def touch(self, *events: Any) -> None:
        """Note that someone is there."""
        if self._front is not None:
            self._clocks[self._front].touch(time.monotonic())

    def begin_anew(self) -> None:
        """Count the case in front from zero, as its time was saved."""
        if self._front is not None:
            self._clocks[self._front] = Attention()
            self.touch()

    def _change_case(self) -> None:
        case = self._session.case
        front = None if case is None else f"{case.store.root}/{case.case_id}"
        if front == self._front:
            return
        if self._front is not None:
            self._clocks[self._front].rest(time.monotonic())
        self._front = front
        self.touch()

    def _follow_mask(self) -> None:
        editor = self._session.mask
        # The same editor comes back when its scan is chosen again.
        if editor is not None and editor not in self._followed:
            self._followed.add(editor)
            editor.edited.connect(self.touch)

"""Let a file or folder be dropped on a widget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QDropEvent
    from qtpy.QtWidgets import QWidget

__all__ = ["accept_drops"]


def accept_drops(widget: QWidget, use: Callable[[Path], object]) -> None:
    """Call `use` with the first file or folder that is dropped on a widget."""
    widget.setAcceptDrops(True)
    widget.installEventFilter(_Drops(widget, use))


class _Drops(QObject):
    def __init__(self, widget: QWidget, use: Callable[[Path], object]) -> None:
        super().__init__(widget)
        self._use = use

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragEnter and _path_in(event) is not None:
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop:
            path = _path_in(event)
            if path is not None:
                event.acceptProposedAction()
                self._use(path)
                return True
        return False


def _path_in(event: QDropEvent) -> Path | None:
    files = (url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
    first = next(files, "")
    return Path(first) if first else None

"""A part of a widget that is folded away until it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon, QPixmap
from superqt import QCollapsible

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["folded"]

_CLOSED, _OPEN = "▸", "▾"


def folded(title: str, content: QWidget) -> QCollapsible:
    """Fold `content` away under a title.

    Parameters
    ----------
    title : str
        Shown beside an arrow; a click unfolds.
    content : QWidget
        What is folded.
    """
    # An arrow as an icon would be black in every theme; as text it is not.
    box = QCollapsible(f"{_CLOSED}  {title}", None, _no_icon(), _no_icon())
    box.layout().setContentsMargins(0, 0, 0, 0)
    box.toggleButton().setObjectName("fold")
    box.toggleButton().setStyleSheet("")
    box.toggled.connect(
        lambda is_open: box.setText(f"{_OPEN if is_open else _CLOSED}  {title}")
    )
    box.addWidget(content)
    return box


def _no_icon() -> QIcon:
    # superqt needs an icon that is not null.
    pixmap = QPixmap(1, 1)
    pixmap.fill(Qt.GlobalColor.transparent)
    return QIcon(pixmap)

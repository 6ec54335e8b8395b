"""Buttons that say what they do; some show their key and leave the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QSizePolicy

from napari_covseg._tools.keys import SHORTCUTS

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["key_button", "leave_the_keyboard", "plain_button"]


def plain_button(caption: str, tooltip: str) -> QPushButton:
    """Make a button with its tooltip."""
    made = QPushButton(caption)
    made.setToolTip(tooltip)
    return made


def key_button(
    action: str, *, checkable: bool = False, title: str | None = None
) -> QPushButton:
    """Make the button of an action.

    Parameters
    ----------
    action : str
        Its name in `SHORTCUTS`.
    checkable : bool
        Whether it stays down.
    title : str, optional
        Instead of the shortcut's own.
    """
    shortcut = SHORTCUTS[action]
    button = QPushButton(f"{title or shortcut.title} ({shortcut.shown})")
    button.setToolTip(f"{shortcut.help}\nKey: {shortcut.shown}")
    button.setCheckable(checkable)
    button.setObjectName("toggle" if checkable else "")
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    leave_the_keyboard(button)
    return button


def leave_the_keyboard(widget: QWidget) -> None:
    """Let a widget be reached by Tab, but not take the keys when it is clicked.

    The shortcuts work only while the picture has the keyboard.
    """
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)

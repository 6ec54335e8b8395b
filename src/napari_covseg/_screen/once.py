"""Do something once, after the window has had time for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["once"]


def once(owner: QObject, act: Callable[[], object], wait_ms: int = 0) -> QTimer:
    """Make a timer that acts once after each start; a new start waits anew.

    Parameters
    ----------
    owner : QObject
        With whom the timer goes.
    act : callable
        What to do.
    wait_ms : int
        How long to wait; 0 is until the window has nothing else to do.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(wait_ms)
    timer.timeout.connect(act)
    return timer

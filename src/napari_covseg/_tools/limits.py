"""Hold the tools of the hand within what the reader allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from covseg_core.editing.config import PaintLimits
from covseg_core.editing.limits import allowed, has_run_out

if TYPE_CHECKING:
    import numpy.typing as npt

    from covseg_core.editing.change import Box
    from napari_covseg._session.session import Session

__all__ = ["PaintGuard"]

_RAN_OUT = (
    "The fill ran out to the border of the picture, so nothing was painted: click into "
    "a closed outline or a lesion."
)


class PaintGuard(QObject):
    """Says which voxels a stroke may change; the `limit` of a session's editor.

    Parameters
    ----------
    session : Session
        Knows the scan, the lungs and the mask.
    parent : QObject, optional
        Owner of the guard.

    Attributes
    ----------
    limits : PaintLimits
        What the reader chose.
    refused : Signal
        Sends a sentence when a whole stroke was refused.
    """

    refused = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.limits = PaintLimits()

    def __call__(
        self,
        before: npt.NDArray[np.uint8],
        after: npt.NDArray[np.uint8],
        box: Box,
    ) -> npt.NDArray[np.bool_] | None:
        """Judge a stroke within a box (z, y, x); None allows all of it."""
        editor = self._session.mask
        if editor is None:
            return None
        if str(editor.layer.mode) == "fill" and has_run_out(
            before != after, box, editor.labels.shape
        ):
            self.refused.emit(_RAN_OUT)
            return np.zeros(before.shape, bool)
        limits = self.limits
        if not (
            limits.protect_other_classes
            or limits.only_in_lungs
            or limits.only_at_density
        ):
            return None
        value = int(editor.layer.selected_label)
        return allowed(before, after, value, limits, self._hu(box), self._lungs(box))

    def _hu(self, box: Box) -> npt.NDArray[np.float32] | None:
        scan = self._session.scan
        return None if scan is None else scan.data[box]

    def _lungs(self, box: Box) -> npt.NDArray[np.uint8] | None:
        lungs = self._session.lungs
        return None if lungs is None else lungs.labels[box]

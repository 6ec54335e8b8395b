"""Run one tool at a time beside the window, and keep what it proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtCore import QObject, Signal

from covseg_core.editing.tools import Proposal, Spot, Tool, propose
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._tools.preview import hatched, legend

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import numpy.typing as npt

    from covseg_core.settings import Settings
    from napari_covseg._session.editor import MaskEditor

__all__ = ["Proposed", "ToolRun"]


class Proposed(NamedTuple):
    """What a tool would make, how that is drawn, and what the colours mean."""

    proposal: Proposal
    picture: npt.NDArray[np.uint8]
    legend: str


class ToolRun(QObject):
    """One run of a tool on a mask.

    A mask that is edited meanwhile makes the run void, as its result would take
    the edit back.

    Parameters
    ----------
    editor : MaskEditor
        Of the mask.

    Attributes
    ----------
    proposed : Signal
        Sends a `Proposed`.
    failed : Signal
        Sends a `Failed`.
    dropped : Signal
        Sent when the run was stopped, or the mask was edited before its end.
    """

    proposed = Signal(object)
    failed = Signal(object)
    dropped = Signal()

    def __init__(self, editor: MaskEditor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._is_void = False
        editor.edited.connect(self.stop)

    def start(self, tool: Tool, spot: Spot, settings: Settings) -> None:
        """Begin."""
        self._run = Run(_steps, tool, spot, settings)
        self._run.ended.connect(self._end)
        self._run.start()

    def stop(self, change: Any = None) -> None:
        """Forget the run, whose result will not be told."""
        self._is_void = True
        if self._run is not None:
            self._run.stop()

    def _end(self, outcome: Outcome) -> None:
        if self._is_void:
            self.dropped.emit()
        elif isinstance(outcome, Finished):
            self.proposed.emit(outcome.value)
        elif isinstance(outcome, Failed):
            self.failed.emit(outcome)


def _steps(
    tool: Tool, spot: Spot, settings: Settings
) -> Generator[None, None, Proposed]:
    yield
    proposal = propose(tool, spot, settings)
    yield
    difference = proposal.difference
    return Proposed(proposal, hatched(difference), legend(difference))

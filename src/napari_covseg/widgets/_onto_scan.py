"""Read a mask from a file onto the scan in front, and take it in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._files.import_mask import import_as_layer
from napari_covseg._processes.worker import Run

if TYPE_CHECKING:
    from pathlib import Path

    from napari_covseg._convert import LayerTuple
    from napari_covseg._files.import_mask import Imported
    from napari_covseg._session.session import Session

__all__ = ["OTHER_SCAN", "run_onto_scan", "take_in"]

OTHER_SCAN = "Another scan was chosen meanwhile; nothing was opened."


def run_onto_scan(session: Session, path: Path) -> Run | None:
    """Make the run that reads a mask, what `take_in` takes; None without a scan.

    Raises
    ------
    CovsegError
        If the scan in front cannot be used.
    """
    facts = None if session.scan is None else facts_of(session.scan.metadata)
    if not isinstance(facts, CTFacts):
        return None
    return Run(import_as_layer, path, session.ct(), facts.grid)


def take_in(session: Session, found: Imported, made: LayerTuple | None) -> None:
    """Take what a file held: lungs as those of the scan, a mask to be corrected."""
    if found.lungs is not None:
        session.set_lungs(found.lungs)
    if made is not None:
        data, arguments, _ = made
        session.edit(session.viewer.add_labels(data, **arguments), found.origin)

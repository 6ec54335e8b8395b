"""Take from the session what is to be written, as it is on screen now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.errors import UsageError
from napari_covseg._convert import CTFacts, facts_of
from napari_covseg._files.export import Content, Drawn, ExportWish
from napari_covseg._session.editor import GROWING

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.io.mask_formats import FormatName
    from napari_covseg._files.export import ReportName
    from napari_covseg._session.session import Session

__all__ = ["wish_of"]


def wish_of(
    session: Session, path: Path, content: Content, format_name: FormatName | ReportName
) -> ExportWish:
    """Make the wish to write `content` of the scan and mask in front.

    Raises
    ------
    UsageError
        If no CT is open, or if a run still writes to the mask.
    """
    facts = None if session.scan is None else facts_of(session.scan.metadata)
    if not isinstance(facts, CTFacts):
        raise UsageError("open a chest CT first.")
    drawn, editor = None, session.mask
    if editor is not None and content != "lungs":
        if editor.is_growing:
            raise UsageError(GROWING)
        # A copy: the reader may go on painting.
        labels, metadata = editor.labels.copy(), dict(editor.layer.metadata)
        drawn = Drawn(labels, metadata, editor.origin)
    return ExportWish(
        path,
        content,
        format_name,
        session.ct(),
        facts.grid,
        drawn,
        session.lungs,
        session.lobes,
    )

"""What a journal says of the mask that it follows, and of its scan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from covseg_core.editing.journal import JournalHeader
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.transforms.orient import Orientation
from napari_covseg._convert import CTFacts, ct_from_layer, facts_of

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_covseg._session.editor import MaskEditor
    from napari_covseg._session.known import OpenCase

__all__ = ["hash_of", "header_of"]


def header_of(
    editor: MaskEditor, scan: Image | None, case: OpenCase | None
) -> JournalHeader:
    """Tell a journal which scan a mask lies on."""
    facts = facts_of(scan.metadata) if scan else None
    source = facts.source if isinstance(facts, CTFacts) else None
    grid = editor.facts.grid
    return JournalHeader(
        shape=grid.shape,
        affine_lps=tuple(tuple(map(float, row)) for row in grid.affine_lps),
        standard_shape=Orientation(grid).standard_grid.shape,
        label_set=editor.label_set.name,
        title=editor.layer.name,
        path=str(source.paths[0]) if source and source.paths else "",
        series_uid=source.series_uid if source else "",
        store=str(case.store.root) if case else "",
        case_id=case.case_id if case else "",
        version=editor.parent_version,
        origin=editor.origin.kind,
        model=editor.origin.model,
        model_sha256=editor.origin.weights_sha256,
        started_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def hash_of(scan: Image | None) -> str:
    """Hash a scan; takes a second, so not for the window's thread."""
    return hash_ct(ct_from_layer(scan.data, scan.metadata)) if scan else ""

"""Save the mask in front as a new version of its case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.cases.provenance import source_of
from covseg_core.errors import InputRefusedError
from covseg_core.volume import LesionMask
from napari_covseg._convert import mask_from_layer
from napari_covseg._files.read_scan import Reading

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.record import CaseRecord, MaskSource, MaskVersion
    from covseg_core.io.mask_origin import MaskOrigin

__all__ = ["Reader", "SaveWish", "save_version", "saved_sentence", "set_state"]


@dataclass(frozen=True)
class Reader:
    """Who saves: role, seconds spent on the case, and a note; no name."""

    role: str = ""
    seconds_spent: float = 0.0
    note: str = ""


@dataclass(frozen=True, eq=False)
class SaveWish:
    """A mask to save.

    Parameters
    ----------
    root : Path
        Folder of the store.
    case_id : str
        Which case.
    parent : int or None
        The version that the mask was made from.
    labels : ndarray of uint8, shape (Z, Y, X)
        As shown; nobody else writes to it.
    metadata : mapping
        Of its layer.
    origin : MaskOrigin
        Who drew it.
    confidence : float or None
        How sure the model was that drew it, in [0, 1].
    reader : Reader
        Who saves it.
    """

    root: Path
    case_id: str
    parent: int | None
    labels: npt.NDArray[np.uint8]
    metadata: Mapping[str, Any]
    origin: MaskOrigin
    confidence: float | None
    reader: Reader


def save_version(
    wish: SaveWish,
) -> Generator[Reading, None, tuple[CaseRecord, MaskVersion]]:
    """Write a version; none is ever replaced.

    A case that was new is in progress from then on.

    Raises
    ------
    InputRefusedError
        If the case is gone or the mask holds strange values.
    OutputError
        If it could not be written.
    """
    from covseg_core.cases.store import CaseStore

    yield Reading("Saving")
    store, case_id = CaseStore(wish.root), wish.case_id
    mask = mask_from_layer(wish.labels, wish.metadata)
    if not isinstance(mask, LesionMask):
        raise InputRefusedError(
            "the layer in front is a mask of the lungs; choose the mask of infection."
        )
    source = _source(store, wish, mask)
    version = store.add_mask(
        case_id,
        mask,
        source=source,
        parent=wish.parent,
        model=wish.origin.model or None,
        model_sha256=wish.origin.weights_sha256 or None,
        confidence=wish.confidence if source == "model" else None,
        role=wish.reader.role,
        seconds_spent=round(wish.reader.seconds_spent, 1),
        note=wish.reader.note,
    )
    record = store.read(case_id)
    if record.state == "new":
        record = store.set_state(case_id, "in progress")
    return record, version


def set_state(
    root: Path, case_id: str, state: str, comment: str | None
) -> Generator[Reading, None, CaseRecord]:
    """Write how far a case is; raises as `CaseStore.set_state` does."""
    from covseg_core.cases.store import CaseStore

    yield Reading("Saving")
    return CaseStore(root).set_state(case_id, state, comment)


def saved_sentence(version: MaskVersion) -> str:
    """Tell a reader what was saved, and that nobody's work was replaced."""
    told = f"Saved as mask {version.number} ({version.source})."
    if version.is_beside:
        others = ", ".join(map(str, version.beside))
        told += (
            f" Kept beside mask {others}: someone saved that one from the same mask "
            "meanwhile. Both are in the list below."
        )
    return told


def _source(store: CaseReader, wish: SaveWish, mask: LesionMask) -> MaskSource:
    """Tell how the mask came about; its parent says what it was before."""
    if wish.parent is None:
        return wish.origin.kind
    parent = store.read(wish.case_id).version(wish.parent)
    before = store.mask(wish.case_id, wish.parent)
    changed = not np.array_equal(before.labels, mask.labels)
    return source_of(parent.source, changed=changed)

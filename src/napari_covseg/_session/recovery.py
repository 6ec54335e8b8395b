"""Find the corrections that a crash left behind, and bring them back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from napari.layers import Image

from covseg_core.editing.change import Change
from covseg_core.editing.journal import SUFFIX, is_in_use, remove_journal
from covseg_core.editing.recover import Recovered, read_journal
from covseg_core.errors import CovsegError, InputRefusedError
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.labels import LABEL_SETS
from covseg_core.registry.home import recovery_folder
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.transforms.orient import Orientation
from covseg_core.volume import Grid
from napari_covseg._convert import (
    CTFacts,
    LayerTuple,
    blank_mask_layer,
    ct_from_layer,
    ct_layer,
    facts_of,
)
from napari_covseg._files.read_scan import Reading, read_scan
from napari_covseg._session.known import OpenCase

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from napari.layers import Layer

    from covseg_core.editing.journal import JournalHeader
    from napari_covseg._session.session import Session

__all__ = ["LeftBehind", "bring_back", "find_left_behind", "open_scan_of"]


@dataclass(frozen=True, eq=False)
class LeftBehind:
    """Corrections of an earlier day that no file holds but a journal.

    Parameters
    ----------
    recovered : Recovered
        The mask and its scan.
    grid : Grid
        Of the scan as it was read.
    slice_number : int
        The slice with most of the mask, from 0.
    volumes_ml : dict of str to float
        Volume of each class, by its title.
    """

    recovered: Recovered
    grid: Grid
    slice_number: int
    volumes_ml: dict[str, float]

    @property
    def picture(self) -> np.ndarray[Any, Any]:
        """The mask on its fullest slice, (Y, X)."""
        return self.recovered.labels[self.slice_number]

    def discard(self) -> None:
        """Remove the journal: the corrections are gone for good."""
        remove_journal(self.recovered.path)


def find_left_behind() -> Generator[Reading, None, tuple[LeftBehind, ...]]:
    """Read the journals that no living program writes to, the newest first.

    One that holds no edit, or cannot be read, is passed over and stays.
    """
    found = []
    for path in sorted(recovery_folder().glob(f"*{SUFFIX}"), reverse=True):
        yield Reading("Looking for corrections that were not saved")
        if is_in_use(path):
            continue
        try:
            recovered = read_journal(path)
        except (CovsegError, OSError):
            continue
        if recovered.edits or recovered.checked:
            found.append(_described(recovered))
    return tuple(found)


def open_scan_of(
    left: LeftBehind, shown: Iterable[Layer] = ()
) -> Generator[Reading, None, Image | LayerTuple]:
    """Find the scan that corrections belong to, or read it.

    Parameters
    ----------
    left : LeftBehind
        The corrections.
    shown : iterable of Layer, optional
        What is open; the first that is the scan is taken.

    Returns
    -------
    Image or LayerTuple
        The layer of `shown`, or a new one.

    Raises
    ------
    InputRefusedError
        If the scan is not at its place any more; says what to do.
    """
    header = left.recovered.header
    yield Reading("Opening the scan of these corrections")
    for layer in shown:
        if _may_be_scan(layer, left.grid) and _is_scan(
            layer.data, layer.metadata, header
        ):
            return layer
    read = yield from _read(header)
    if read is not None and _is_scan(read[0], read[1]["metadata"], header):
        return read
    raise InputRefusedError(
        "the scan of these corrections is not where it was, or has changed. Open it in "
        "the step Case, then recover again."
    )


def bring_back(session: Session, left: LeftBehind, scan: Image) -> None:
    """Show recovered corrections on their scan, not saved yet."""
    recovered = left.recovered
    header = recovered.header
    session.choose_scan(scan)
    _say_case(session, header)
    # The scan may be stored in another order of voxels than it was.
    _, arguments, _ = blank_mask_layer(
        scan.metadata, LABEL_SETS[header.label_set], f"{header.title} (recovered)"
    )
    layer = session.viewer.add_labels(recovered.labels.copy(), **arguments)
    kind = "edited" if header.origin == "model" else header.origin
    origin = MaskOrigin(kind, header.model, header.model_sha256)
    editor = session.edit(layer, origin)
    editor.parent_version = header.version
    editor.mark_unsaved()
    autosave = session.autosave_of(editor)
    autosave.begin(Change.between("Recovered", recovered.base, recovered.labels))
    editor.tick(frozenset(recovered.checked))
    # The old journal goes only when the new one has it all.
    autosave.then(left.discard)


def _say_case(session: Session, header: JournalHeader) -> None:
    """Say which case the scan is, so that corrections can become its next version."""
    from covseg_core.cases.store import CaseStore

    if not header.case_id or session.case is not None:
        return
    # A store that is gone leaves a scan of its own.
    with suppress(CovsegError, OSError):
        store = CaseStore(Path(header.store))
        session.set_case(OpenCase(store, header.case_id))


def _may_be_scan(layer: Layer, grid: Grid) -> TypeGuard[Image]:
    """Whether a layer lies where a scan did; hashing every scan would take long."""
    facts, standard = facts_of(layer.metadata), Orientation(grid).standard_grid
    return (
        isinstance(layer, Image)
        and isinstance(facts, CTFacts)
        and Orientation(facts.grid).standard_grid.matches(standard)
        and layer.data.shape == standard.shape
    )


def _is_scan(data: Any, metadata: dict[str, Any], header: JournalHeader) -> bool:
    return hash_ct(ct_from_layer(data, metadata)) == header.image_sha256


def _read(header: JournalHeader) -> Generator[Reading, None, LayerTuple | None]:
    try:
        if header.case_id:
            return _case_layer(header)
        if not header.path:
            return None
        opened = yield from read_scan(Path(header.path), header.series_uid)
    except (CovsegError, OSError):
        return None
    return None if opened is None else opened.layer


def _case_layer(header: JournalHeader) -> LayerTuple:
    from covseg_core.cases.reading import CaseReader

    ct = CaseReader(Path(header.store)).ct(header.case_id)
    return ct_layer(ct, header.case_id)


def _described(recovered: Recovered) -> LeftBehind:
    header, labels = recovered.header, recovered.labels
    grid = Grid(header.shape, np.array(header.affine_lps))
    fullest = int(np.argmax([np.count_nonzero(each) for each in labels]))
    volumes = {
        label.title: float(np.count_nonzero(labels == label.value)) * grid.voxel_ml
        for label in LABEL_SETS[header.label_set].classes
    }
    return LeftBehind(recovered, grid, fullest, volumes)

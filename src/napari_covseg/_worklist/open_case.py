"""Read a case for the viewer, and outline it if nobody has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.errors import CovsegError
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.transforms.orient import standardise_mask
from covseg_core.volume import LesionMask
from napari_covseg._convert import LayerTuple, ct_layer, mask_layer
from napari_covseg._processes.child import in_child

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.cases.opening import OpenedCase
    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.volume import LungMask

__all__ = [
    "CaseWish",
    "ReadyCase",
    "name_of_mask",
    "open_case",
    "origin_of",
    "read_version",
]


@dataclass(frozen=True)
class CaseWish:
    """A case that someone wants to see.

    Parameters
    ----------
    root : Path
        Folder of the store.
    case_id : str
        Which case.
    version : int, optional
        Which of its masks; see `covseg_core.cases.opening.open_case`.
    """

    root: Path
    case_id: str
    version: int | None = None


@dataclass(frozen=True, eq=False)
class ReadyCase:
    """A case that only needs to be shown.

    Parameters
    ----------
    record : CaseRecord
        What is known of it.
    scan, mask : LayerTuple
        Layers to add.
    lungs : LungMask or None
        In the standard orientation.
    version : MaskVersion or None
        The mask that was read; None if a model outlined the case just now.
    origin : MaskOrigin or None
        Who drew the mask; None if it is empty.
    confidence : float or None
        How sure the model was of the mask, in [0, 1].
    note : str
        What its reader should know, empty if nothing.
    """

    record: CaseRecord
    scan: LayerTuple
    mask: LayerTuple
    lungs: LungMask | None
    version: MaskVersion | None
    origin: MaskOrigin | None = None
    confidence: float | None = None
    note: str = ""


def open_case(wish: CaseWish) -> Generator[Any, None, ReadyCase]:
    """Read a case; the promoted model outlines one that has no mask.

    Yields
    ------
    object
        Steps with `stage`, `done` and `total`, or None while a model works.

    Raises
    ------
    InputRefusedError
        If the case is refused.  A model that refuses the scan leaves an empty mask.
    """
    from covseg_core.cases import opening
    from covseg_core.cases.reading import CaseReader

    store = CaseReader(wish.root)
    case = yield from opening.open_case(store, wish.case_id, wish.version)
    if case.mask is not None and case.version is not None:
        return _read(case, case.mask, case.version)
    try:
        return (yield from _outlined(wish, case))
    except CovsegError as error:
        mask = LesionMask(np.zeros(case.ct.grid.shape, np.uint8), case.ct.grid)
        note = f"No model could outline it, so its mask is empty: {error}"
        return _ready(case, mask, note=note)


def read_version(
    wish: CaseWish,
) -> Generator[Any, None, tuple[MaskVersion, LayerTuple]]:
    """Read one mask of a case whose scan is open; raises as `open_case` does."""
    from covseg_core.cases.opening import OpeningStep
    from covseg_core.cases.reading import CaseReader

    yield OpeningStep("Reading the mask")
    store = CaseReader(wish.root)
    version = store.read(wish.case_id).version(wish.version or 0)
    mask = store.mask(wish.case_id, version.number)
    return version, mask_layer(mask, name_of_mask(wish.case_id, version))


def origin_of(version: MaskVersion) -> MaskOrigin:
    """Tell who drew a stored mask."""
    return MaskOrigin(version.source, version.model or "", version.model_sha256 or "")


def name_of_mask(case_id: str, version: MaskVersion | None) -> str:
    """Give the name of a mask's layer."""
    return f"{case_id} mask {version.number}" if version else f"{case_id} new mask"


def _read(case: OpenedCase, mask: LesionMask, version: MaskVersion) -> ReadyCase:
    sure = version.confidence
    return _ready(case, mask, origin=origin_of(version), confidence=sure)


def _outlined(wish: CaseWish, case: OpenedCase) -> Generator[Any, None, ReadyCase]:
    from covseg_core.learn.first_mask import outline_case
    from covseg_core.registry.promotion import promoted
    from covseg_core.registry.store import find_model

    entry = find_model(promoted())
    found = yield from in_child(outline_case, wish.root, wish.case_id, entry)
    origin = MaskOrigin("model", entry.card.name, entry.card.weights_sha256)
    return _ready(case, found.lesions, origin=origin, confidence=found.confidence)


def _ready(case: OpenedCase, mask: LesionMask, **facts: Any) -> ReadyCase:
    case_id, version = case.record.case_id, case.version
    return ReadyCase(
        record=case.record,
        scan=ct_layer(case.ct, case_id),
        mask=mask_layer(mask, name_of_mask(case_id, version)),
        lungs=None if case.lungs is None else standardise_mask(case.lungs),
        version=version,
        **facts,
    )

"""Open a case store and read its list, in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_covseg._files.read_scan import Reading

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.cases.record import CaseRecord
    from covseg_core.cases.store import CaseStore

__all__ = ["list_cases", "read_record"]


def list_cases(
    folder: Path, may_make: bool
) -> Generator[Reading, None, tuple[CaseStore, tuple[CaseRecord, ...]]]:
    """Read every case of a store; `may_make` lets an empty folder become one.

    Raises
    ------
    InputRefusedError
        If the folder is no store or a record is damaged.
    OutputError
        If a new store cannot be written.
    """
    from covseg_core.cases.store import CaseStore

    yield Reading("Reading the list")
    store = CaseStore.create(folder) if may_make else CaseStore(folder)
    return store, store.list_cases()


def read_record(store: CaseStore, case_id: str) -> Generator[Reading, None, CaseRecord]:
    """Read what is known of one case; raises as `CaseStore.read` does."""
    yield Reading("Reading the case")
    return store.read(case_id)

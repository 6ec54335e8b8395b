"""Whether a mask is saved as drawn, as corrected or as a model left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covseg_core.cases.record import MaskSource

__all__ = ["source_of"]


def source_of(origin: MaskSource, *, changed: bool) -> MaskSource:
    """Tell how a mask came about.

    Parameters
    ----------
    origin : {"manual", "edited", "model"}
        What the version was that it was made from.
    changed : bool
        Whether a voxel differs from that version.

    Returns
    -------
    {"manual", "edited", "model"}
        What `cases.store.CaseStore.add_mask` records.
    """
    return "edited" if changed else origin

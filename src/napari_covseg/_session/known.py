"""What is known of a scan beside its voxels and its masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from covseg_core.cases.store import CaseStore
    from covseg_core.volume import LobeMask, LungMask

__all__ = ["Known", "OpenCase"]


@dataclass(frozen=True, eq=False)
class OpenCase:
    """A case of a store that is being worked on.

    Parameters
    ----------
    store : CaseStore
        Where it lies.
    case_id : str
        Which case.
    """

    store: CaseStore
    case_id: str


@dataclass(frozen=True, eq=False)
class Known:
    """Facts of one scan; None is not known.

    Parameters
    ----------
    case : OpenCase, optional
        The case of a store that it is.
    lungs : LungMask, optional
        In the standard orientation.
    lobes : LobeMask, optional
        In the standard orientation.
    doubt : tuple of float or None, optional
        How unsure a model was of each slice, from foot to head, in [0, 1]; None for
        slices without a suspicion of disease.
    doubt_picture : ndarray of uint8, shape (Z, Y, X), optional
        How unsure it was of each voxel; see `_tools.doubt`.
    """

    case: OpenCase | None = None
    lungs: LungMask | None = None
    lobes: LobeMask | None = None
    doubt: tuple[float | None, ...] | None = None
    doubt_picture: npt.NDArray[np.uint8] | None = None

    def filled_from(self, other: Known) -> Known:
        """Add what only another one knows of the same scan."""
        ours = {name: fact for name, fact in vars(self).items() if fact is not None}
        return replace(other, **ours)

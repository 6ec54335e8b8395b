"""A temporary layer: what the mask in front has gained and lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.cases.diff import CHANGES, mark_changes
from covseg_core.transforms.orient import standardise_mask
from napari_covseg._files.read_scan import Reading
from napari_covseg._layer_styles import MaskStyle, place_like
from napari_covseg._screen.temporary import TemporaryLayer

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import numpy.typing as npt

    from napari_covseg._session.session import Session
    from napari_covseg._worklist.open_case import CaseWish

__all__ = ["ChangesLayer", "find_changes"]

_OPACITY = 0.7


def find_changes(
    wish: CaseWish, now: npt.NDArray[np.uint8]
) -> Generator[Reading, None, npt.NDArray[np.uint8]]:
    """Compare a stored mask with another one.

    Parameters
    ----------
    wish : CaseWish
        The stored mask.
    now : ndarray of uint8, shape (Z, Y, X)
        The other one, in the standard orientation.

    Raises
    ------
    InputRefusedError
        If the stored mask is refused.
    """
    from covseg_core.cases.reading import CaseReader

    yield Reading("Comparing")
    mask = CaseReader(wish.root).mask(wish.case_id, wish.version)
    return mark_changes(standardise_mask(mask).labels, now)


class ChangesLayer:
    """Shows and removes the layer; it is no mask.

    Parameters
    ----------
    session : Session
        Whose viewer gets it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown = TemporaryLayer(session.viewer)

    def show(self, marks: npt.NDArray[np.uint8], since: int) -> None:
        """Show changes since a version, in place of what was shown."""
        editor = self._session.mask
        if editor is None:
            self.remove()
            return
        arguments = {
            "name": f"Changes since mask {since}",
            **place_like(editor.layer),
            **MaskStyle(CHANGES, _OPACITY).as_kwargs(),
        }
        self._shown.show((marks, arguments, "labels"))
        self._session.viewer.layers.selection.active = editor.layer

    def remove(self) -> None:
        """Take it away, if it is there."""
        self._shown.remove()

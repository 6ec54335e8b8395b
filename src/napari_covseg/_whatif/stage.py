"""A what-if on screen: its layers, how they are arranged, and how they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_covseg._screen.arrangement import Arrangement
from napari_covseg._whatif.layers import WhatIfLayers
from napari_covseg._whatif.live_stitch import LiveStitch

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from covseg_core.inference.imagined import WhatIf

__all__ = ["Stage"]


class Stage(QObject):
    """Shows a what-if, and gives the viewer back as it was.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Where it is shown.
    scan : Image
        The CT that was imagined.
    whatif : WhatIf
        In the standard orientation, with distances.
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    layers : WhatIfLayers
        The synthetic layers.
    live : LiveStitch
        Keeps the stitched one at what is painted and varied.
    """

    def __init__(
        self, viewer: Viewer, scan: Image, whatif: WhatIf, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._arrangement = Arrangement(viewer)
        self._arrangement.enter()
        self.scan, self.whatif = scan, whatif
        self.layers = WhatIfLayers(viewer, scan, whatif, self)
        self.live = LiveStitch(
            viewer, whatif, self.layers.stitched, self.layers.paint, self
        )

    @property
    def is_entered(self) -> bool:
        """Whether the what-if is shown."""
        return self._arrangement.is_entered

    def enter(self) -> None:
        """Remember the viewer as it is; `arrange` follows."""
        self._arrangement.enter()

    def arrange(self, chosen: str | None, *, is_painting: bool) -> None:
        """Show what is wanted.

        Parameters
        ----------
        chosen : str or None
            The image to stack on the scan, empty for the scan itself; None to show
            all side by side.
        is_painting : bool
            Show scan and stitched image, and put a brush into the hand.
        """
        images, paint = self.layers.images, self.layers.paint
        painted = self.layers.stitched, paint
        if is_painting and chosen is None:
            self._arrangement.in_pair(self.scan, painted)
        elif is_painting:
            self._arrangement.stacked((self.scan, *painted))
        elif chosen is None:
            self._arrangement.side_by_side((self.scan, *images.values()))
        else:
            above = (images[chosen],) if chosen else ()
            self._arrangement.stacked((self.scan, *above))
        self._viewer.layers.selection.active = paint if is_painting else self.scan
        paint.mode = "paint" if is_painting else "pan_zoom"

    def clear_paint(self) -> None:
        """Remove all that was painted."""
        self.layers.clear_paint()
        self.live.update()

    def leave(self, *, only_grid: bool = False) -> None:
        """Hide the what-if; grid, visibility and camera are as they were before.

        Parameters
        ----------
        only_grid : bool
            Another scan is in front, so visibility and camera stay.
        """
        self.layers.paint.mode = "pan_zoom"
        self._arrangement.leave(self.layers.all, only_grid=only_grid)

    def close(self) -> None:
        """Take the what-if away for good."""
        self.live.close()
        self._arrangement.leave(self.layers.all)
        self.layers.remove()
        self.deleteLater()

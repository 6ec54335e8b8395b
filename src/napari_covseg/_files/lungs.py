"""Find the lungs, in the child process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from covseg_core.inference.progress import Progress
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["lungs_of_scan"]


def lungs_of_scan(ct: CTVolume) -> Generator[Progress, None, LungMask]:
    """Find both lungs; see `covseg_core.inference.lungs.lungs_of`."""
    # Torch must stay out of the process that draws the window.
    from covseg_core.inference.lungs import lungs_of

    return (yield from lungs_of(ct))

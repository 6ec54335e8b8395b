"""How much of the Hounsfield scale is shown between black and white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LUNG", "PRESETS", "Window", "windows_of"]

_NARROWEST = 1.0


@dataclass(frozen=True)
class Window:
    """A range of HU.

    Parameters
    ----------
    title : str
        Name on screen.
    width, level : float
        In HU: from black to white, and the middle between.
    """

    title: str
    width: float
    level: float

    @property
    def limits(self) -> tuple[float, float]:
        """HU of black and of white."""
        return self.level - self.width / 2, self.level + self.width / 2

    @classmethod
    def between(cls, low: float, high: float, title: str = "Custom") -> Window:
        """Make a window of its two ends."""
        return cls(title, max(high - low, _NARROWEST), (low + high) / 2)

    def dragged(self, width: float, level: float) -> Window:
        """Make it wider and move it, as far as a window can go."""
        return Window("Custom", max(self.width + width, _NARROWEST), self.level + level)


LUNG = Window("Lung", 1500, -600)
PRESETS = (
    LUNG,
    Window("Lung, narrow", 1400, -500),
    Window("Mediastinum", 400, 40),
    Window("Bone", 1800, 400),
)
"""Width and level as radiologists set them; the first is what a scan opens in."""


def windows_of(details: Mapping[str, Any]) -> tuple[Window, ...]:
    """List the windows that a DICOM header proposes.

    Parameters
    ----------
    details : Mapping
        Of `covseg_core.volume.Source`: ``windows`` holds (centre, width, words), from
        (0028,1050) *Window Center*, (0028,1051) *Window Width* and (0028,1055) their
        explanation.
    """
    return tuple(
        Window(
            f"Scanner: {words.strip().lower()}" if words else "Scanner", width, level
        )
        for level, width, words in details.get("windows", ())
        if width >= _NARROWEST
    )

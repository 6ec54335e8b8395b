"""How long a reader worked on a case, without the time that nobody was there."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IDLE_SECONDS", "Attention"]

IDLE_SECONDS = 60.0
"""So long after the last sign of a reader, the clock stops."""


@dataclass
class Attention:
    """A clock that runs while someone is at work.

    Times are seconds of any clock that never goes back, such as `time.monotonic`.

    Parameters
    ----------
    idle_s : float
        How long a reader may look without moving anything.
    """

    idle_s: float = IDLE_SECONDS
    _counted_s: float = 0.0
    _last_s: float | None = None

    def touch(self, now_s: float) -> None:
        """Note a sign of the reader, which starts the clock too."""
        self._counted_s = self.seconds(now_s)
        self._last_s = now_s

    def rest(self, now_s: float) -> None:
        """Stop until the next sign, as when another case comes to the front."""
        self._counted_s = self.seconds(now_s)
        self._last_s = None

    def seconds(self, now_s: float) -> float:
        """Tell how long the reader has worked, in seconds."""
        if self._last_s is None:
            return self._counted_s
        return self._counted_s + min(now_s - self._last_s, self.idle_s)

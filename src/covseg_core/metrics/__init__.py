"""How well a mask or a probability map agrees with a reader's mask."""

from __future__ import annotations

from covseg_core.metrics.overlap import dice

__all__ = ["dice"]

"""Keep triton away from graphics drivers that have loaded LLVM.

The drivers of Mesa, for AMD and for software rendering, load libLLVM.  triton
brings an LLVM of its own, and when it comes second the process dies of a
segmentation fault.  torch takes triton if it finds it and does well without;
predicting needs none of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["avoid_llvm_clash"]

_LOADED_LIBRARIES = Path("/proc/self/maps")


def avoid_llvm_clash() -> None:
    """Hide triton if importing it would end the process; call before torch."""
    if "triton" not in sys.modules and _driver_has_llvm():
        sys.modules["triton"] = None  # type: ignore[assignment]


def _driver_has_llvm() -> bool:
    try:
        return "libLLVM" in _LOADED_LIBRARIES.read_text()
    except OSError:
        # Not Linux, so there is no triton either.
        return False

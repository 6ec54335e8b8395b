"""Refuse files that claim more pixels than they can hold, before memory is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.io.dicom.headers import CTFile

__all__ = ["require_room"]

MAX_VOXELS = 2**31
"""Eight times a fine CT of 512 x 512 x 1000."""
_RLE_GAIN = 64
"""Two bytes of run-length code give at most 128."""
_DEFLATE_GAIN = 1032


def require_room(files: Sequence[CTFile]) -> None:
    """Check that each file is large enough for its frames, and all fit in memory.

    Raises
    ------
    InputRefusedError
        If a file is too small, or the series too large.
    """
    voxels = sum(_voxels(file) for file in files)
    if voxels > MAX_VOXELS:
        raise InputRefusedError(
            f"the series claims {voxels} voxels, more than {MAX_VOXELS}. "
            "Choose a series of one chest."
        )
    for file in files:
        needed = _voxels(file) * file.bits_allocated // 8
        gain = _gain(file)
        held = file.path.stat().st_size
        if gain is not None and held * gain < needed:
            raise InputRefusedError(
                f"{file.path.name} has {held} bytes, too few for its "
                f"{_size(file)} pixels: it is cut or damaged. Copy it again."
            )


def _voxels(file: CTFile) -> int:
    return sum(frame.rows * frame.columns for frame in file.frames)


def _gain(file: CTFile) -> int | None:
    """How much larger pixels can be than their packed form, None if unbounded."""
    if file.syntax == DeflatedExplicitVRLittleEndian:
        return _DEFLATE_GAIN
    if file.syntax == RLELossless:
        return _RLE_GAIN
    return None if file.syntax.is_encapsulated else 1


def _size(file: CTFile) -> str:
    first = file.frames[0]
    return f"{len(file.frames)} x {first.rows} x {first.columns}"

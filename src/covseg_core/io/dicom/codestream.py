"""Read the image size that a compressed frame claims, before it is decoded.

A decoder trusts its own header: a few damaged bytes make it fill the memory or
run for minutes.  So the claim is compared with the DICOM header first.
"""

from __future__ import annotations

import struct

__all__ = ["claimed_size"]

_J2K_START = b"\xff\x4f\xff\x51"
_JPEG_START = b"\xff\xd8"
# Start of frame: C0 to CF without DHT (C4), JPG (C8) and DAC (CC); F7 is JPEG-LS.
_FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}


def claimed_size(frame: bytes) -> tuple[int, int, int] | None:
    """Find rows, columns and colours in a JPEG, JPEG-LS or JPEG 2000 frame.

    Returns
    -------
    tuple of int, optional
        None if the frame has no readable header.
    """
    try:
        start = frame.find(_J2K_START, 0, 512)
        if start >= 0:
            return _jpeg_2000_size(frame, start + len(_J2K_START))
        return _jpeg_size(frame) if frame.startswith(_JPEG_START) else None
    except struct.error:
        return None


def _jpeg_2000_size(frame: bytes, at: int) -> tuple[int, int, int]:
    """Read the SIZ segment, ISO/IEC 15444-1 A.5.1."""
    right, bottom, left, top = struct.unpack_from(">4I", frame, at + 4)
    (colours,) = struct.unpack_from(">H", frame, at + 36)
    return bottom - top, right - left, colours


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    """Walk the marker segments up to the start of frame, ISO/IEC 10918-1 B.2."""
    at = len(_JPEG_START)
    while True:
        fill, marker, length = struct.unpack_from(">BBH", frame, at)
        if fill != 0xFF:
            return None
        if marker == 0xFF:
            at += 1
        elif marker in _FRAME_MARKERS:
            rows, columns, colours = struct.unpack_from(">HHB", frame, at + 5)
            return rows, columns, colours
        else:
            at += 2 + length

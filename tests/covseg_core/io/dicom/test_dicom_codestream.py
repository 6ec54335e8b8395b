"""The size that a compressed frame claims is read without a decoder."""

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.io.dicom.codestream import claimed_size


def test_size_of_lossless_jpeg(as_lossless_jpeg):
    assert claimed_size(as_lossless_jpeg(np.ones((5, 9), np.uint16), 12)) == (5, 9, 1)


def test_fill_bytes_before_a_marker_are_skipped(as_lossless_jpeg):
    frame = as_lossless_jpeg(np.ones((5, 9), np.uint16), 12)
    assert claimed_size(frame[:2] + b"\xff\xff" + frame[2:]) == (5, 9, 1)


def test_jpeg_2000_size_leaves_the_offset_out():
    siz = b"\xff\x51\x00\x29\x00\x00" + b"".join(
        number.to_bytes(4, "big") for number in (40, 30, 8, 6, 40, 30, 0, 0)
    )
    frame = b"\xff\x4f" + siz + (1).to_bytes(2, "big")
    assert claimed_size(frame) == (24, 32, 1)


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff\xd8", b"\xff\xd8\x00\x00\x00\x00", b"\xff\x4f\xff\x51\0", b"RLE"],
)
def test_frame_without_readable_header_claims_nothing(frame):
    assert claimed_size(frame) is None

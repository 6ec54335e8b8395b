"""Decode the stored values of CT files, one frame after the other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, RLELossless

from covseg_core.errors import CovsegError, InputRefusedError
from covseg_core.io.dicom.codestream import claimed_size
from covseg_core.io.dicom.elements import integer
from covseg_core.io.dicom.parse import read_with_pixels, transfer_syntax_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    import numpy.typing as npt
    from pydicom.dataset import FileDataset

__all__ = ["decode_frames", "padding_limits", "read_pixel_file"]

_PACKING_BYTES = 65536
"""Room for the headers of a compressed frame, far more than they take."""


def read_pixel_file(path: Path) -> FileDataset:
    """Read a file with its pixel data, still packed.

    Raises
    ------
    InputRefusedError
        If it is damaged or has no pixel data.
    """
    with _damage_named(path):
        dataset = read_with_pixels(path)
        if not dataset.get("PixelData"):
            raise InputRefusedError(
                f"{path.name} has no pixel data; it is cut off. Copy it again."
            )
        dataset.setdefault("SamplesPerPixel", 1)
        dataset.setdefault("PhotometricInterpretation", "MONOCHROME2")
        return dataset


def decode_frames(dataset: FileDataset, path: Path) -> Iterator[npt.NDArray[Any]]:
    """Yield the stored values of each frame, integers of shape (rows, columns).

    Parameters
    ----------
    dataset : FileDataset
        What `read_pixel_file` returned.
    path : Path
        Its file, for messages.

    Raises
    ------
    InputRefusedError
        If the compression is unknown, or the pixel data is damaged or short.
    """
    with _damage_named(path):
        syntax = transfer_syntax_of(dataset)
        decoder = _decoder(syntax, path)
        if syntax.is_encapsulated:
            _require_claims_to_agree(dataset, path)
        elif dataset["PixelData"].is_undefined_length:
            raise InputRefusedError(
                f"{path.name} is compressed but does not say how. Export it again."
            )
        else:
            _require_no_more_than_claimed(dataset, path)
        plugin = "pydicom" if syntax == RLELossless else "pylibjpeg"
        for stored, _ in decoder.iter_array(
            dataset,
            raw=True,
            decoding_plugin=plugin if syntax.is_encapsulated else "",
        ):
            yield stored


def padding_limits(dataset: FileDataset) -> tuple[int, int] | None:
    """Lowest and highest stored value outside the field of view, if declared.

    They are (0028,0120) *Pixel Padding Value* and (0028,0121) *Pixel Padding
    Range Limit*.
    """
    value = integer(dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = integer(dataset, "PixelPaddingRangeLimit")
    low, high = sorted((value, value if limit is None else limit))
    return (low, high) if max(abs(low), abs(high)) < 2**32 else None


def _decoder(syntax: UID, path: Path) -> Decoder:
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise InputRefusedError(
            f"{path.name} is stored as {_printable_name(syntax)}, which cannot be "
            "decoded. Export the series uncompressed."
        ) from error
    if not decoder.is_available:
        raise InputRefusedError(
            f"{path.name} is stored as {_printable_name(syntax)}, whose decoder is not "
            "installed. Install pylibjpeg with its plugins."
        )
    return decoder


def _require_no_more_than_claimed(dataset: FileDataset, path: Path) -> None:
    """Compare the length of plain pixels with the header; what is short is cut."""
    claimed = (integer(dataset, "NumberOfFrames") or 1) * _bytes_of_frame(dataset)
    behind = dataset.PixelData[claimed:]
    # Some programs fill up to an even length, others write zeros behind the image.
    if len(behind) >= _bytes_of_rows(dataset, 1) and behind.strip(b"\0"):
        raise InputRefusedError(
            f"{path.name} holds {len(dataset.PixelData)} bytes of pixels where its "
            f"header claims {claimed}. The file is damaged; copy it again."
        )


def _require_claims_to_agree(dataset: FileDataset, path: Path) -> None:
    """Compare what compressed frames claim with the header, before any decoding."""
    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    count = integer(dataset, "NumberOfFrames") or 1
    unpacked = _bytes_of_frame(dataset)
    for frame in generate_frames(dataset.PixelData, number_of_frames=count):
        if len(frame) > 2 * unpacked + _PACKING_BYTES:
            raise InputRefusedError(
                f"{path.name} holds {len(frame)} bytes for an image of {unpacked}. "
                "The file is damaged; copy it again."
            )
        claim = claimed_size(frame)
        if claim is not None and claim != (rows, columns, 1):
            raise InputRefusedError(
                f"{path.name} has pixel data for {claim[0]} x {claim[1]} pixels where "
                f"its header says {rows} x {columns}. The file is damaged; copy it "
                "again."
            )


def _bytes_of_frame(dataset: FileDataset) -> int:
    return _bytes_of_rows(dataset, integer(dataset, "Rows") or 0)


def _bytes_of_rows(dataset: FileDataset, rows: int) -> int:
    columns = integer(dataset, "Columns") or 0
    return rows * columns * (integer(dataset, "BitsAllocated") or 16) // 8


def _printable_name(syntax: UID) -> str:
    return syntax.name if syntax.name != syntax else "an unknown transfer syntax"


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except CovsegError:
        raise
    # pydicom and its decoders raise many classes, and their texts may quote values.
    except Exception as error:
        raise InputRefusedError(
            f"the pixel data of {path.name} cannot be decoded "
            f"({type(error).__name__}): it is cut or damaged. Copy the file again."
        ) from error

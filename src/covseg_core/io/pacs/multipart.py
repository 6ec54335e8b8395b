"""The one DICOM file that an answer or a request carries (multipart/related)."""

from __future__ import annotations

import secrets
from email.message import Message
from typing import TYPE_CHECKING

from covseg_core.io.pacs.failures import PacsError, cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.io.pacs.answer import Answer

__all__ = ["DICOM", "Upload", "file_in"]

DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
MAX_FILE_BYTES = 4 * 1024**3
MAX_HEADER_BYTES = 1 << 16
_PIECE_BYTES = 1 << 20


class Upload:
    """A DICOM file as the body of a storage request, of known length.

    Parameters
    ----------
    content : bytes
        The file.
    """

    def __init__(self, content: bytes) -> None:
        boundary = f"covseg-{secrets.token_hex(16)}"
        self.content_type = (
            f'multipart/related; type="application/dicom"; boundary="{boundary}"'
        )
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        self._parts = head, content, f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), _PIECE_BYTES):
                yield part[start : start + _PIECE_BYTES]


def file_in(answer: Answer) -> Iterator[bytes]:
    """Read the file out of an answer, piece by piece.

    Raises
    ------
    PacsError
        If there is no file or more than one, or its end is missing.
    """
    header = Message()
    header["Content-Type"] = answer.content_type
    kind, boundary = header.get_content_type(), header.get_boundary()
    chunks = answer.chunks(MAX_FILE_BYTES)
    if kind == "multipart/related" and boundary:
        return _part(chunks, b"--" + boundary.encode(), answer.host)
    # Some servers send a single file bare.
    if kind == "application/dicom" and answer.has_known_end:
        return chunks
    raise PacsError(
        f"{answer.host} answered with {answer.kind} where a DICOM image was expected. "
        "Look whether the address is that of its DICOMweb service."
    )


def _part(chunks: Iterator[bytes], mark: bytes, host: str) -> Iterator[bytes]:
    held = _after_header(chunks, mark, host)
    end = b"\r\n" + mark
    while (at := held.find(end)) < 0:
        # The last bytes may be the beginning of the end.
        sure = max(0, len(held) - len(end) + 1)
        yield held[:sure]
        held = held[sure:] + _more(chunks, host)
    yield held[:at]
    held = held[at + len(end) :]
    while len(held) < 2:
        held += _more(chunks, host)
    if held[:2] != b"--":
        raise PacsError(f"{host} sent several images where one was asked for.")


def _after_header(chunks: Iterator[bytes], mark: bytes, host: str) -> bytes:
    """Skip what comes before the first file; give what was read of the file."""
    held = b""
    while True:
        start = held.find(mark)
        stop = held.find(b"\r\n\r\n", start) if start >= 0 else -1
        if stop >= 0:
            return held[stop + 4 :]
        if len(held) > MAX_HEADER_BYTES:
            raise PacsError(f"{host} sent a multipart answer that has no beginning.")
        held += _more(chunks, host)


def _more(chunks: Iterator[bytes], host: str) -> bytes:
    chunk = next(chunks, b"")
    if not chunk:
        raise cut_off(host)
    return chunk

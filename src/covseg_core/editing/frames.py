r"""How a journal is written: one checked frame after another.

::

    COVSEG_JOURNAL_1\n           then frames, each:
    length, checksum             4 bytes each, little endian; zlib.crc32 of the rest
    length of the facts          4 bytes
    facts                        JSON
    where, old, new              of a `Change`, as the facts tell
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

from covseg_core.editing.change import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAGIC", "Frame", "Kind", "pack", "unpack_all"]

Kind: TypeAlias = Literal["header", "base", "change", "draft", "checked"]

MAGIC = b"COVSEG_JOURNAL_1\n"
_PREFIX = struct.Struct("<II")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, eq=False)
class Frame:
    """One entry of a journal.

    Parameters
    ----------
    kind : str
        What it tells.
    facts : dict
        Plain values for JSON.
    change : Change, optional
        What was edited.
    """

    kind: Kind
    facts: dict[str, Any]
    change: Change | None = None


def pack(frame: Frame) -> bytes:
    """Write a frame as bytes."""
    change = frame.change
    parts = () if change is None else (change.where, change.old, change.new)
    about = {"kind": frame.kind, "facts": frame.facts}
    if change is not None:
        about["change"] = {
            "title": change.title,
            "box": [(side.start, side.stop) for side in change.box],
            "lengths": [len(part) for part in parts],
            "gained": {str(value): count for value, count in change.gained.items()},
        }
    text = json.dumps(about).encode()
    content = b"".join((_LENGTH.pack(len(text)), text, *parts))
    return _PREFIX.pack(len(content), zlib.crc32(content)) + content


def unpack_all(stream: BinaryIO) -> Iterator[Frame]:
    """Read frames up to the first that was cut off or changed."""
    while (frame := _read_one(stream)) is not None:
        yield frame


def _read_one(stream: BinaryIO) -> Frame | None:
    prefix = stream.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        return None
    length, checksum = _PREFIX.unpack(prefix)
    content = stream.read(length)
    if len(content) < length or zlib.crc32(content) != checksum:
        return None
    try:
        return _unpacked(content)
    except (ValueError, KeyError, TypeError, struct.error):
        return None


def _unpacked(content: bytes) -> Frame:
    (length,) = _LENGTH.unpack_from(content)
    start = _LENGTH.size + length
    about = json.loads(content[_LENGTH.size : start])
    if "change" not in about:
        return Frame(about["kind"], about["facts"])
    told, parts = about["change"], []
    for size in told["lengths"]:
        parts.append(content[start : start + size])
        start += size
    z, y, x = (slice(*side) for side in told["box"])
    gained = {int(value): count for value, count in told["gained"].items()}
    where, old, new = parts
    change = Change(told["title"], (z, y, x), where, old, new, gained)
    return Frame(about["kind"], about["facts"], change)

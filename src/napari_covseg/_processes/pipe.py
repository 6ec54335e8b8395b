"""Send Python objects through a pipe between two processes of ours.

Arrays travel beside the pickle and are not copied on the way out.  The pipe has no
name, so nobody else can write to it.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["Answer", "Request", "receive", "send"]

_COUNT = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
_PROTOCOL = 5


@dataclass(frozen=True, eq=False)
class Request:
    """Run `steps` with `arguments`; without steps: stop what runs."""

    number: int
    steps: Callable[..., Generator[Any, None, Any]] | None = None
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a request has come to; `value` is a step, a result or an error."""

    number: int
    kind: str
    value: Any = None


def send(stream: BinaryIO, message: Any) -> None:
    """Write an object.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    beside: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, _PROTOCOL, buffer_callback=beside.append)
    parts: Sequence[Any] = (pickled, *(buffer.raw() for buffer in beside))
    stream.write(_COUNT.pack(len(parts)))
    for part in parts:
        stream.write(_LENGTH.pack(memoryview(part).nbytes))
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read the next object; arrays in it may be written to.

    Raises
    ------
    EOFError
        If the other side is gone.
    """
    (count,) = _COUNT.unpack(_exactly(stream, _COUNT.size))
    parts = []
    for _ in range(count):
        (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
        parts.append(_exactly(stream, length))
    return pickle.loads(parts[0], buffers=parts[1:])


def _exactly(stream: BinaryIO, length: int) -> bytearray:
    content = bytearray(length)
    view, got = memoryview(content), 0
    while got < length:
        # A cut pipe gives nothing for ever.
        more = stream.readinto(view[got:])  # type: ignore[attr-defined]
        if not more:
            raise EOFError
        got += more
    return content

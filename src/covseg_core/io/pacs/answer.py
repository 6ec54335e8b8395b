"""The answer of a PACS, read piece by piece and no further than is sensible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from covseg_core.io.pacs.failures import PacsError, cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

    from covseg_core.io.pacs.deadline import Deadline

__all__ = ["JSON", "Answer", "read_json"]

CHUNK_BYTES = 1 << 16
MAX_JSON_BYTES = 64 * 1024**2
JSON = "application/dicom+json, application/json;q=0.9"


class Answer:
    """The body of an answer whose status is good.

    Parameters
    ----------
    response : requests.Response
        Not read yet.
    host : str
        Who answers.
    deadline : Deadline
        Of the whole answer.
    """

    def __init__(self, response: Response, host: str, deadline: Deadline) -> None:
        self._response = response
        self._deadline = deadline
        self.host = host
        self.status = response.status_code

    @property
    def content_type(self) -> str:
        """Media type with its parameters."""
        return self._response.headers.get("Content-Type", "")

    @property
    def kind(self) -> str:
        """Media type alone, as it may be shown."""
        said = self.content_type.partition(";")[0].strip()[:60]
        return said if said and said.isprintable() else "nothing that it names"

    @property
    def is_incomplete(self) -> bool:
        """Whether the server says that there is more (DICOM PS3.18, 8.3.4.4)."""
        return "Warning" in self._response.headers

    @property
    def has_known_end(self) -> bool:
        """Whether a body that was cut off can be told from a whole one."""
        headers = self._response.headers
        chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
        return chunked or "Content-Length" in headers

    def chunks(self, most: int) -> Iterator[bytes]:
        """Read the body.

        Parameters
        ----------
        most : int
            Bytes that can be right; one more is refused.

        Raises
        ------
        PacsError
            If it breaks off, takes too long or is too large.
        """
        stream = self._response.iter_content(CHUNK_BYTES)
        total = 0
        while chunk := self._deadline.attempt(lambda: next(stream, b""), self.host):
            total += len(chunk)
            if total > most:
                raise PacsError(
                    f"{self.host} sent more than {most} bytes where less can be right. "
                    "Ask for less, or tell who runs it."
                )
            yield chunk


def read_json(answer: Answer) -> Any:
    """Read a JSON document; None if the body is empty.

    Raises
    ------
    PacsError
        If it is none, or the answer broke.
    """
    if answer.status == 204:
        return None
    body = b"".join(answer.chunks(MAX_JSON_BYTES))
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    # A server that closes early without a length leaves half a document.
    if not answer.has_known_end and body.lstrip()[:1] in (b"[", b"{"):
        raise cut_off(answer.host)
    raise PacsError(
        f"{answer.host} answered with {answer.kind} where DICOM JSON was expected. "
        "Look whether the address is that of its DICOMweb service."
    )

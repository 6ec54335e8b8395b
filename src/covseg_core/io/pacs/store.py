"""Store covseg's own objects in a PACS (STOW-RS, DICOM PS3.18 10.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.io.pacs.failures import PacsError
from covseg_core.io.pacs.multipart import Upload
from covseg_core.io.pacs.receipt import Outcome, StoredObject, outcome_in
from covseg_core.io.pacs.sendable import read_sendable
from covseg_core.io.pacs.steps import PacsStep

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from covseg_core.io.pacs.sendable import Sendable
    from covseg_core.io.pacs.transport import Transport

__all__ = ["store_files"]

STAGE = "Storing"
IN_DOUBT = (
    "Whether it is stored all the same is not known: look with `covseg pacs find` "
    "before you send it again."
)
NOT_SENT = Outcome(failure="It was not sent.")


def store_files(
    transport: Transport, files: Sequence[Path]
) -> Generator[PacsStep, None, tuple[StoredObject, ...]]:
    """Send files one by one, each once, after all of them were found fit to send.

    An object that the PACS does not want does not keep the next one from being sent.
    Where the way there or the login fails, nothing more is sent: a login that is tried
    again and again gets locked.

    Parameters
    ----------
    transport : Transport
        Where to.
    files : sequence of Path
        Segmentations and reports that covseg made.

    Yields
    ------
    PacsStep
        After every file.

    Returns
    -------
    tuple of StoredObject
        What became of each file.

    Raises
    ------
    InputRefusedError
        If one of them may not be sent; then none is.
    """
    for path in files:
        read_sendable(path)
    results: list[StoredObject] = []
    yield PacsStep(STAGE, 0, len(files))
    for path in files:
        sent = read_sendable(path)
        try:
            outcome = _send(transport, sent)
        except PacsError as error:
            rest = [_object(read_sendable(later), NOT_SENT) for later in files]
            broken = _object(sent, Outcome(failure=_sentence(error)))
            return (*results, broken, *rest[len(results) + 1 :])
        results.append(_object(sent, outcome))
        yield PacsStep(STAGE, len(results), len(files))
    return tuple(results)


def _send(transport: Transport, sent: Sendable) -> Outcome:
    body = Upload(sent.content)
    return transport.post(
        "/studies",
        body,
        lambda answer: outcome_in(answer, sent.sop_instance),
        content_type=body.content_type,
    )


def _object(sent: Sendable, outcome: Outcome) -> StoredObject:
    return StoredObject(sent.name, sent.kind, sent.sop_instance, outcome)


def _sentence(error: PacsError) -> str:
    return f"{error} {IN_DOUBT}" if error.in_doubt else str(error)

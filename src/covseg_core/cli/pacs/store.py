"""`covseg pacs store`: results of covseg into the patient's record."""

from __future__ import annotations

from pathlib import Path

from covseg_core.cli.output import say
from covseg_core.cli.pacs.opened import opened
from covseg_core.cli.progress import follow
from covseg_core.errors import UsageError
from covseg_core.io.pacs.failures import PacsError

__all__ = ["store"]


def store(pacs: str, /, *files: Path, insecure_http: bool = False) -> None:
    """Store segmentations and reports of covseg in a PACS.

    Parameters
    ----------
    pacs
        Name from `covseg pacs add`, or https address of a DICOMweb service.
    files
        Segmentations, structured reports and PDF reports that covseg made; anything
        else is refused before anything is sent.
    insecure_http
        Allow http to another computer, where everybody on the way can read along.
    """
    if not files:
        raise UsageError("name the files to store after the PACS.")
    with opened(pacs, insecure_http=insecure_http) as there:
        results = follow(there.store(files))
    failed = [result for result in results if not result.is_stored]
    for result in results:
        if result.is_stored:
            say(f"stored {result.name}, {result.kind} {result.sop_instance}")
        else:
            say(f"not stored {result.name}")
        if result.outcome.warning:
            say(f"note: {result.outcome.warning}")
    if failed:
        count = f"{len(failed)} of {len(results)} files"
        raise PacsError(f"{count} not stored. {failed[0].outcome.failure}")

"""`covseg pacs fetch`: one series as files."""

from __future__ import annotations

from covseg_core.cli.output import OutputPath, refuse_file_name, say
from covseg_core.cli.pacs.opened import opened
from covseg_core.cli.progress import follow

__all__ = ["fetch"]


def fetch(
    pacs: str,
    /,
    *,
    study: str,
    series: str,
    output: OutputPath,
    insecure_http: bool = False,
) -> None:
    """Fetch one series from a PACS as DICOM files.

    The folder appears when all images have come.  The same command goes on after it
    was stopped.

    Parameters
    ----------
    pacs
        Name from `covseg pacs add`, or https address of a DICOMweb service.
    study
        Study Instance UID.
    series
        Series Instance UID.
    output
        New or empty folder.
    insecure_http
        Allow http to another computer, where everybody on the way can read along.
    """
    refuse_file_name(output, "a folder")
    with opened(pacs, insecure_http=insecure_http) as there:
        try:
            fetched = follow(there.fetch_series(study, series, output))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "stopped; the same command fetches what is missing."
            ) from None
    kept = f", {fetched.kept} of them from before" if fetched.kept else ""
    say(f"fetched {fetched.images} images{kept}")
    say(f"wrote {output}")

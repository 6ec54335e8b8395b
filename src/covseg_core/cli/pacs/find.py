"""`covseg pacs find`: what a PACS has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from covseg_core.cli.output import say, say_json
from covseg_core.cli.pacs.opened import opened
from covseg_core.io.pacs.search import SeriesQuery

if TYPE_CHECKING:
    from covseg_core.io.pacs.search import FoundSeries, Search

__all__ = ["find"]


def find(
    pacs: str,
    /,
    *,
    query: Annotated[SeriesQuery, Parameter(name="*")] = SeriesQuery(),  # noqa: B008
    insecure_http: bool = False,
    json: bool = False,
) -> None:
    """List the series that a PACS has, without names of patients.

    Parameters
    ----------
    pacs
        Name from `covseg pacs add`, or https address of a DICOMweb service.
    query
        What must match.
    insecure_http
        Allow http to another computer, where everybody on the way can read along.
    json
        Print one JSON document.
    """
    with opened(pacs, insecure_http=insecure_http) as there:
        found = there.find_series(query)
    if json:
        say_json(
            {
                "series": [_plain(series, query) for series in found.series],
                "is_cut": found.is_cut,
            }
        )
    else:
        _show(found, query)


def _plain(series: FoundSeries, query: SeriesQuery) -> dict[str, Any]:
    document = {
        "study_uid": series.study_uid,
        "series_uid": series.series_uid,
        "modality": series.modality,
        "date": series.date,
        "study_description": series.study_description,
        "description": series.description,
        "images": series.images,
    }
    return document | ({"patient": series.patient} if query.show_patients else {})


def _show(found: Search, query: SeriesQuery) -> None:
    study = ""
    for series in found.series:
        if series.study_uid != study:
            study = series.study_uid
            facts = series.patient, _day(series.date), series.study_description
            say(f"study {study}")
            say(f"  {', '.join(filter(None, facts)) or 'without date and description'}")
        images = "?" if series.images is None else str(series.images)
        say(f"  {series.modality or '?':4}{images:>6} images  {series.description}")
        say(f"      --series {series.series_uid}")
    if not found.series:
        say("nothing matches.")
    if found.is_cut:
        say(
            f"only the first {query.studies} studies were looked at; say more of what "
            "you look for, or raise --studies."
        )


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else date

"""Find series in a PACS, without the names of patients unless they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, ConfigDict, Field

from covseg_core.io.pacs.dicom_json import count, name, require_uid, text, uid
from covseg_core.io.pacs.pages import ask
from covseg_core.settings import Settings, setting

if TYPE_CHECKING:
    from covseg_core.io.pacs.pages import Item
    from covseg_core.io.pacs.transport import Transport

__all__ = ["FoundSeries", "Search", "SeriesQuery", "find_series"]

STUDY, SERIES = "0020000D", "0020000E"
STUDY_DATE, STUDY_DESCRIPTION, SERIES_DESCRIPTION = "00080020", "00081030", "0008103E"
MODALITY, PATIENT_ID, PATIENT_NAME = "00080060", "00100020", "00100010"
IMAGES = "00201209"
MOST_SERIES = 1000
_DATE = r"\d{8}|\d{8}-(\d{8})?|-\d{8}|"


def _require_days(date: str) -> str:
    for day in filter(None, date.split("-")):
        try:
            datetime.strptime(day, "%Y%m%d")
        except ValueError:
            raise ValueError(f"there is no day {day}; write 20200331") from None
    return date


class SeriesQuery(Settings):
    """What to look for; everything must match."""

    model_config = ConfigDict(hide_input_in_errors=True)

    patient_id: str = setting("", "The hospital's number of the patient.")
    study: str = setting("", "Study Instance UID.")
    date: Annotated[str, AfterValidator(_require_days)] = Field(
        "",
        pattern=f"^({_DATE})$",
        description="Day of the study, 20200331, or days, 20200301-20200331.",
    )
    modality: str = Field(
        "CT", pattern="^[A-Z0-9]{0,16}$", description="CT, SEG, SR; empty for all."
    )
    studies: int = setting(100, "Studies to look at, at most.", low=1, high=10000)
    show_patients: bool = setting(False, "Show names and numbers of patients.")


@dataclass(frozen=True)
class FoundSeries:
    """A series that a PACS has.

    Parameters
    ----------
    study_uid, series_uid : str
        (0020,000D) *Study Instance UID*, (0020,000E) *Series Instance UID*.
    modality : str
        (0008,0060) *Modality*.
    date : str
        (0008,0020) *Study Date*, as ``20200331``.
    study_description, description : str
        (0008,1030) *Study Description*, (0008,103E) *Series Description*.
    images : int or None
        (0020,1209) *Number of Series Related Instances*; None if it does not tell.
    patient : str
        Name and number, empty unless asked for.
    """

    study_uid: str
    series_uid: str
    modality: str
    date: str
    study_description: str
    description: str
    images: int | None
    patient: str = field(default="", repr=False)


@dataclass(frozen=True)
class Search:
    """What was found, and whether there may be more."""

    series: tuple[FoundSeries, ...]
    is_cut: bool


def find_series(transport: Transport, query: SeriesQuery) -> Search:
    """Look for studies, and for the series of each.

    What does not match is left out even if the server sends it.

    Parameters
    ----------
    transport : Transport
        Whom to ask.
    query : SeriesQuery
        What must match.

    Raises
    ------
    PacsError
        If the PACS is out of reach, refuses, or answers no DICOM JSON.
    UsageError
        If the study is no UID.
    """
    if query.study:
        require_uid(query.study, "--study")
    studies = ask(
        transport, "/studies", _filters(query), key=STUDY, most=query.studies + 1
    )
    found = [
        series
        for study in studies[: query.studies]
        if _is_meant(study, query)
        for series in _series_of(transport, study, query)
    ]
    return Search(tuple(found), is_cut=len(studies) > query.studies)


def _filters(query: SeriesQuery) -> dict[str, str]:
    said = {
        "PatientID": query.patient_id,
        "StudyInstanceUID": query.study,
        "StudyDate": query.date,
        "ModalitiesInStudy": query.modality,
        "includefield": STUDY_DESCRIPTION,
    }
    return {keyword: value for keyword, value in said.items() if value}


def _is_meant(study: Item, query: SeriesQuery) -> bool:
    return (
        query.study in ("", text(study, STUDY))
        and _is_patient(text(study, PATIENT_ID), query.patient_id)
        and _is_within(text(study, STUDY_DATE), query.date)
    )


def _is_patient(patient: str, wanted: str) -> bool:
    if not wanted:
        return True
    if set(wanted) & set("*?\\"):
        return bool(patient)
    return patient == " ".join(wanted.split())


def _is_within(day: str, days: str) -> bool:
    """Tell whether a study was on a day, or in a range of days open at either end."""
    first, dash, last = days.partition("-")
    last = (last or day) if dash else first
    return not days or (bool(day) and first <= day <= last)


def _series_of(
    transport: Transport, study: Item, query: SeriesQuery
) -> list[FoundSeries]:
    study_uid = uid(study, STUDY, transport.host)
    wanted = {"includefield": f"{SERIES_DESCRIPTION},{IMAGES}"}
    if query.modality:
        wanted["Modality"] = query.modality
    path = f"/studies/{study_uid}/series"
    items = ask(transport, path, wanted, key=SERIES, most=MOST_SERIES)
    return [
        _found(study, item, transport.host, query)
        for item in items
        if not query.modality or text(item, MODALITY) in (query.modality, "")
    ]


def _found(study: Item, item: Item, host: str, query: SeriesQuery) -> FoundSeries:
    words = name(study, PATIENT_NAME), text(study, PATIENT_ID)
    return FoundSeries(
        study_uid=uid(study, STUDY, host),
        series_uid=uid(item, SERIES, host),
        modality=text(item, MODALITY),
        date=text(study, STUDY_DATE),
        study_description=text(study, STUDY_DESCRIPTION),
        description=text(item, SERIES_DESCRIPTION),
        images=count(item, IMAGES),
        patient=" ".join(filter(None, words)) if query.show_patients else "",
    )

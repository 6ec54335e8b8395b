"""Servers that page, ignore what they are asked, and say odd things."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from covseg_core.errors import UsageError
from covseg_core.io.pacs import pages
from covseg_core.io.pacs.search import SeriesQuery

STUDY, SERIES, MODALITY = "0020000D", "0020000E", "00080060"
PATIENT_ID, PATIENT_NAME, STUDY_DATE = "00100020", "00100010", "00080020"


def archive(server, studies, *, series, knows_offset=True, most=10_000):
    """Answer from a list of studies; each has the same kinds of series."""

    def script(asked):
        if asked.path.endswith("/studies"):
            start = int(asked.query["offset"]) if knows_offset else 0
            count = min(most, int(asked.query["limit"]))
            return server.json(*studies[start : start + count])
        number = asked.path.split("/")[3]
        return server.json(
            *(
                {SERIES: f"{number}.{at}", **facts} | {STUDY: number}
                for at, facts in enumerate(series)
            )
        )

    server.script = script


def studies(count):
    return [{STUDY: f"1.2.{number}"} for number in range(count)]


def found(pacs, **query):
    return pacs.find_series(SeriesQuery(**query))


def test_every_page_is_asked_for(scripted, scripted_pacs, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 3)
    archive(scripted, studies(7), series=[{MODALITY: "CT"}])
    search = found(scripted_pacs)
    assert [one.study_uid for one in search.series] == [f"1.2.{n}" for n in range(7)]
    offsets = [one.query["offset"] for one in scripted.asked]
    assert {"0", "3", "6"} <= set(offsets)


def test_a_server_without_pages_is_not_asked_for_ever(
    scripted, scripted_pacs, monkeypatch
):
    monkeypatch.setattr(pages, "PAGE", 3)
    archive(scripted, studies(3), series=[{MODALITY: "CT"}], knows_offset=False)
    assert len(found(scripted_pacs).series) == 3


def test_a_server_that_says_that_there_is_more_is_asked_on(scripted, scripted_pacs):
    everything = studies(4)

    def script(asked):
        if not asked.path.endswith("/studies"):
            return scripted.json({SERIES: "1.9", MODALITY: "CT"})
        start = int(asked.query["offset"])
        reply = scripted.json(*everything[start : start + 2])
        if start + 2 < len(everything):
            reply.headers["Warning"] = '299 x "There are 2 additional results"'
        return reply

    scripted.script = script
    assert len(found(scripted_pacs).series) == 4


def test_more_studies_than_wanted_are_told(scripted, scripted_pacs):
    archive(scripted, studies(5), series=[{MODALITY: "CT"}])
    search = found(scripted_pacs, studies=4)
    assert (len(search.series), search.is_cut) == (4, True)
    assert not found(scripted_pacs, studies=5).is_cut


def test_series_of_another_kind_are_left_out_though_sent(scripted, scripted_pacs):
    archive(scripted, studies(1), series=[{MODALITY: "CT"}, {MODALITY: "SR"}])
    assert [one.modality for one in found(scripted_pacs).series] == ["CT"]
    every = found(scripted_pacs, modality="")
    assert [one.modality for one in every.series] == ["CT", "SR"]


def test_studies_of_other_patients_are_left_out_though_sent(scripted, scripted_pacs):
    kept = {STUDY: "1.2.1", PATIENT_ID: "4711 "}
    others = {STUDY: "1.2.2", PATIENT_ID: "4712"}, {STUDY: "1.2.3", PATIENT_ID: "47111"}
    unnamed = {STUDY: "1.2.4"}
    archive(scripted, [kept, *others, unnamed], series=[{MODALITY: "CT"}])
    (one,) = found(scripted_pacs, patient_id="4711").series
    assert one.study_uid == "1.2.1"
    assert len(found(scripted_pacs, patient_id="47*").series) == 3


@pytest.mark.parametrize(
    ("date", "kept"),
    [
        ("20200331", ["2"]),
        ("20200331-20200401", ["2", "3"]),
        ("20200401-", ["3", "4"]),
        ("-20200331", ["1", "2"]),
        ("", ["1", "2", "3", "4", "5"]),
    ],
)
def test_studies_of_other_days_are_left_out_though_sent(
    scripted, scripted_pacs, date, kept
):
    days = ("19990101", "20200331", "20200401", "20210101")
    sent = [{STUDY: str(at), STUDY_DATE: day} for at, day in enumerate(days, start=1)]
    archive(scripted, [*sent, {STUDY: "5"}], series=[{MODALITY: "CT"}])
    search = found(scripted_pacs, date=date)
    assert [one.study_uid for one in search.series] == kept


def test_another_study_than_asked_for_is_left_out(scripted, scripted_pacs):
    archive(scripted, studies(2), series=[{MODALITY: "CT"}])
    (one,) = found(scripted_pacs, study="1.2.1").series
    assert one.study_uid == "1.2.1"


def test_what_a_server_says_is_one_harmless_line(scripted, scripted_pacs):
    odd = {
        MODALITY: "CT",
        "0008103E": "\x1b[2JThorax\r\n  covseg: all is well" + "x" * 500,
        "00201209": "many",
    }
    archive(scripted, [{STUDY: "1.2", "00081030": {"no": "text"}}], series=[odd])
    (one,) = found(scripted_pacs).series
    assert one.description.startswith("[2JThorax covseg: all is well")
    assert one.description.isprintable()
    assert len(one.description) == 200
    assert (one.images, one.study_description) == (None, "")


def test_names_are_read_only_on_request(scripted, scripted_pacs):
    study = {STUDY: "1.2", PATIENT_NAME: {"Alphabetic": "Doe^Jane"}, PATIENT_ID: "7"}
    archive(scripted, [study], series=[{MODALITY: "CT"}])
    assert found(scripted_pacs).series[0].patient == ""
    assert found(scripted_pacs, show_patients=True).series[0].patient == "Doe^Jane 7"


def test_an_empty_archive_may_answer_without_a_body(scripted, scripted_pacs):
    scripted.script = lambda _: scripted.reply(b"", 204)
    assert found(scripted_pacs).series == ()


def test_a_study_is_a_uid(scripted, scripted_pacs):
    with pytest.raises(UsageError, match="--study must be a UID"):
        found(scripted_pacs, study="../patients")
    assert scripted.asked == []


@pytest.mark.parametrize("date", ["2020-03-01", "202003", "20200301-2020"])
def test_a_date_is_eight_digits_or_two_of_them(date):
    with pytest.raises(ValidationError, match="should match pattern"):
        SeriesQuery(date=date)


@pytest.mark.parametrize("date", ["99999999", "20200230", "20200301-20201301"])
def test_a_day_that_does_not_exist_is_refused(date):
    with pytest.raises(ValidationError, match="there is no day"):
        SeriesQuery(date=date)


@pytest.mark.parametrize("date", ["20200301", "20200301-20200331", "-20200331", ""])
def test_days_and_ranges_of_days_are_dates(date):
    assert SeriesQuery(date=date).date == date

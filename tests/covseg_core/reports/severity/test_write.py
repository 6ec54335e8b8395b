from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from covseg_core.errors import OutputError, UsageError
from covseg_core.reports.severity.facts import Judgement
from covseg_core.reports.severity.write import (
    SUFFIXES,
    require_report_names,
    write_reports,
)


def test_the_suffix_tells_the_format_in_any_case(
    tmp_path, block_case, block_report, block_facts
):
    paths = (tmp_path / "a.JSON", tmp_path / "b.csv")
    write_reports(paths, block_case, block_report, block_facts)
    assert paths[0].read_text().startswith("{")
    assert paths[1].read_text().startswith("covseg,created_utc,")


def test_a_suffix_of_no_report_is_refused_before_anything_is_written(
    tmp_path, block_case, block_report, block_facts
):
    paths = (tmp_path / "a.json", tmp_path / "b.docx")
    with pytest.raises(UsageError, match=r"'b.docx' must end in .json, .csv, .html or"):
        write_reports(paths, block_case, block_report, block_facts)
    assert list(tmp_path.iterdir()) == []
    require_report_names([Path("a.pdf")])


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tmp_path, block_case, block_report, block_facts
):
    folder = tmp_path / "r.json"
    folder.mkdir()
    with pytest.raises(OutputError, match=r"r\.json could not be written"):
        write_reports([folder], block_case, block_report, block_facts)
    assert folder.is_dir()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_takes_any_note_and_title(
    tmp_path, block_case, block_report, block_facts, suffix
):
    said = "line\n\r\n\tanother \x07 \u2028 \udce4 " * 200
    facts = replace(block_facts, title=said)
    facts = replace(facts, judgement=Judgement.model_construct(note=said))
    path = tmp_path / f"report{suffix}"
    write_reports([path], block_case, block_report, facts)
    assert path.stat().st_size > 100
    if suffix == ".json":
        judged = json.loads(path.read_bytes())["reader_judgement"]
        assert judged["note"] == said.replace("\udce4", "?")

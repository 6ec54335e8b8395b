from __future__ import annotations

from pathlib import Path

import pytest

from covseg_core.errors import OutputError, UsageError
from covseg_core.reports.severity.write import require_report_names, write_reports


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

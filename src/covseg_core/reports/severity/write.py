"""Write a report on severity in the format that a file's name asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from covseg_core.errors import UsageError
from covseg_core.io.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.report import SeverityReport

    Render: TypeAlias = Callable[[SeverityCase, SeverityReport, ReportFacts], bytes]

__all__ = ["SUFFIXES", "require_report_names", "write_reports"]


def require_report_names(paths: Iterable[Path]) -> None:
    """Raise `UsageError` unless every path ends like a format of reports."""
    for path in paths:
        if path.suffix.lower() not in _RENDERERS:
            raise UsageError(
                f"the report {path.name!r} must end in {', '.join(SUFFIXES[:-1])} or "
                f"{SUFFIXES[-1]}."
            )


def write_reports(
    paths: Iterable[Path],
    case: SeverityCase,
    report: SeverityReport,
    facts: ReportFacts,
) -> None:
    """Write a report in one or more formats, each file whole or not at all.

    Parameters
    ----------
    paths : iterable of Path
        Their suffixes tell the formats.
    case, report, facts : SeverityCase, SeverityReport, ReportFacts
        What was measured on, what was measured, what else is to be said.

    Raises
    ------
    UsageError
        If a suffix is of no format.
    OutputError
        If a file cannot be written; what had its name is untouched.
    """
    paths = tuple(paths)
    require_report_names(paths)
    for path in paths:
        write_bytes(path, _RENDERERS[path.suffix.lower()](case, report, facts))


def _json(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> bytes:
    from covseg_core.reports.severity.as_json import json_of

    document = json_of(case, report, facts)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode(errors="replace")


def _csv(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> bytes:
    from covseg_core.reports.severity.as_csv import as_csv, row_of

    return as_csv([row_of(case, report, facts)]).encode()


def _html(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> bytes:
    from covseg_core.reports.severity.as_html import html_of

    return html_of(case, report, facts).encode(errors="replace")


def _pdf(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> bytes:
    from covseg_core.reports.severity.as_pdf import pdf_of

    return pdf_of(case, report, facts)


_RENDERERS: dict[str, Render] = {
    ".json": _json,
    ".csv": _csv,
    ".html": _html,
    ".pdf": _pdf,
}
SUFFIXES = tuple(_RENDERERS)
"""How the files of reports end."""

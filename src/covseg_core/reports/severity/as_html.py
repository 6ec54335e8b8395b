"""A report on severity as one page for a browser that needs no other file."""

from __future__ import annotations

from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

from covseg_core.reports.severity.document import document_of
from covseg_core.reports.severity.figures import png_of_charts, png_of_planes

if TYPE_CHECKING:
    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.report import SeverityReport

__all__ = ["html_of"]

_TEMPLATE = "report.html.jinja"


def html_of(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> str:
    """Write a report as HTML with its style and pictures inside.

    Whatever people typed is escaped; the page holds no script and no link.

    Parameters
    ----------
    case, report, facts : SeverityCase, SeverityReport, ReportFacts
        What was measured on, what was measured, what else is to be said.

    Raises
    ------
    GeometryError
        If the masks do not lie on the scan.
    InputRefusedError
        If the lung mask is empty.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = (files(__package__) / _TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        document=document_of(case, report, facts),
        planes=b64encode(png_of_planes(case)).decode("ascii"),
        charts=b64encode(png_of_charts(report)).decode("ascii"),
    )

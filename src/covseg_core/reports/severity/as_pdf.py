"""A report on severity as pages of A4."""

from __future__ import annotations

import io
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from covseg_core.reports.severity.document import SeverityDocument, document_of
from covseg_core.reports.severity.figures import draw_charts
from covseg_core.reports.severity.layout import (
    A4,
    Block,
    Heading,
    Page,
    Paragraph,
    TableBlock,
)
from covseg_core.reports.severity.look import GREY, WARNING
from covseg_core.reports.severity.planes import draw_planes
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.report import SeverityReport

__all__ = ["draw_pages", "pdf_of"]

_MARGIN = 0.55
_WIDTH = A4[0] - 2 * _MARGIN
_FOOT = A4[1] - 0.55
_GUTTER = 0.3
_COLUMN = (_WIDTH - _GUTTER) / 2
_NAMES = 1.25
_PLANES = 4.75
_CHARTS = 2.65
_SIDE_BY_SIDE = ("by_lung", "distribution")
_WIDE = ("scores", "by_region")


def pdf_of(case: SeverityCase, report: SeverityReport, facts: ReportFacts) -> bytes:
    """Write a report as PDF; the same report gives the same bytes.

    Parameters
    ----------
    case, report, facts : SeverityCase, SeverityReport, ReportFacts
        What was measured on, what was measured, what else is to be said.  The date
        of the file is that of `facts`.

    Raises
    ------
    GeometryError
        If the masks do not lie on the scan.
    InputRefusedError
        If the lung mask is empty.
    """
    file = io.BytesIO()
    with (
        rc_context({"pdf.fonttype": 42}),
        PdfPages(file, metadata=_metadata(facts)) as pages,
    ):
        for figure in draw_pages(case, report, facts):
            pages.savefig(figure)
    return file.getvalue()


def draw_pages(
    case: SeverityCase, report: SeverityReport, facts: ReportFacts
) -> tuple[Figure, ...]:
    """Draw the pages; see `pdf_of`.

    Returns
    -------
    tuple of Figure
        A4 upright, 8.27 by 11.69 inches; two, or more where much was measured.
    """
    document = document_of(case, report, facts)
    figures = [_first_page(document, case)]
    blocks = _blocks(document)
    while blocks:
        figure = _blank()
        top = _MARGIN
        if len(figures) == 1:
            _put_charts(figure, report)
            top = _stack(Page(figure), top + _CHARTS, _tables(document, ("by_region",)))
        blocks = _fill(Page(figure), top, blocks)
        figures.append(figure)
    for number, figure in enumerate(figures, 1):
        _number(Page(figure), document, number, len(figures))
    return tuple(figures)


def _metadata(facts: ReportFacts) -> dict[str, Any]:
    return {
        "Title": facts.title,
        "Creator": f"covseg {facts.covseg}",
        "Producer": f"covseg {facts.covseg}",
        "Subject": RESEARCH_ONLY,
        "CreationDate": datetime.fromisoformat(facts.created_utc),
    }


def _blank() -> Figure:
    return Figure(A4, dpi=150, facecolor="white")


def _first_page(document: SeverityDocument, case: SeverityCase) -> Figure:
    figure = _blank()
    page, y = Page(figure), _MARGIN
    head: list[Block] = [
        Paragraph(document.title, 14, weight="bold"),
        Paragraph(document.warning.upper(), 9.5, WARNING, "bold"),
    ]
    y = _stack(page, y, head)
    half = (len(document.facts) + 1) // 2
    parts = (document.facts[:half], document.facts[half:])
    y += 0.06
    ends = [
        _put_facts(page, _MARGIN + number * (_COLUMN + _GUTTER), y, part)
        for number, part in enumerate(parts)
    ]
    y = max(ends) + 0.05
    y = _stack(page, y, [Paragraph(" ".join(document.summary), 8.6)]) + 0.06
    beside = _tables(document, _SIDE_BY_SIDE)
    scores = _tables(document, ("scores",))
    below = max(block.height(_COLUMN) for block in beside)
    room = _FOOT - y - below - sum(block.height(_WIDTH) for block in scores)
    height = min(_PLANES, room)
    part = figure.add_subfigure(_place(figure, y, height))
    draw_planes(part, case.ct, case.lesions, case.lungs)
    y += height
    for number, block in enumerate(beside):
        block.draw(page, _MARGIN + number * (_COLUMN + _GUTTER), y, _COLUMN)
    _stack(page, y + below, scores)
    return figure


def _tables(document: SeverityDocument, keys: Sequence[str]) -> list[Block]:
    return [TableBlock(table) for table in document.tables if table.key in keys]


def _put_facts(
    page: Page, x: float, y: float, facts: Sequence[tuple[str, str]]
) -> float:
    """Write names in grey before values; tell where they end."""
    for name, value in facts:
        words = Paragraph(value, 7)
        page.write(x, y, name, fontsize=7, color=GREY)
        words.draw(page, x + _NAMES, y, _COLUMN - _NAMES)
        y += words.height(_COLUMN - _NAMES)
    return y


def _stack(page: Page, y: float, blocks: Sequence[Block]) -> float:
    for block in blocks:
        block.draw(page, _MARGIN, y, _WIDTH)
        y += block.height(_WIDTH)
    return y


def _put_charts(figure: Figure, report: SeverityReport) -> None:
    draw_charts(figure.add_subfigure(_place(figure, _MARGIN, _CHARTS - 0.1)), report)


def _place(figure: Figure, y: float, height: float) -> Any:
    """Cut a strip out of a page, between its margins."""
    grid = figure.add_gridspec(
        3,
        3,
        width_ratios=(_MARGIN, _WIDTH, _MARGIN),
        height_ratios=(y, height, A4[1] - y - height),
    )
    return grid[1, 1]


def _blocks(document: SeverityDocument) -> list[Block]:
    """List what stands in the columns behind the first page."""
    blocks: list[Block] = [
        TableBlock(table, 6.4)
        for table in document.tables
        if table.key not in (*_SIDE_BY_SIDE, *_WIDE)
    ]
    blocks += [Heading("Remarks"), *(Paragraph(one, 6.6) for one in document.remarks)]
    blocks += [Heading("Limits"), *(Paragraph(one, 6.6) for one in document.limits)]
    blocks += [Heading("Methods")]
    blocks += [Paragraph(one, 6.2) for one in document.methods.paragraphs]
    blocks += [Heading("References")]
    blocks += [
        Paragraph(f"[{number}] {source}", 6.0)
        for number, source in zip(count(1), document.methods.references, strict=False)
    ]
    return blocks


def _fill(page: Page, top: float, blocks: list[Block]) -> list[Block]:
    """Set blocks in two columns; give back those that found no room."""
    left = list(blocks)
    for column in range(2):
        x, y = _MARGIN + column * (_COLUMN + _GUTTER), top
        while left and (y == top or y + _needed(left) <= _FOOT):
            block = left.pop(0)
            block.draw(page, x, y, _COLUMN)
            y += block.height(_COLUMN)
    return left


def _needed(blocks: list[Block]) -> float:
    """Room for the next block; a heading stays with what follows it."""
    needed = blocks[0].height(_COLUMN)
    if isinstance(blocks[0], Heading) and len(blocks) > 1:
        needed += blocks[1].height(_COLUMN)
    return needed


def _number(page: Page, document: SeverityDocument, number: int, of: int) -> None:
    y = A4[1] - 0.4
    page.write(_MARGIN, y, document.warning, fontsize=6.5, color=WARNING)
    page.write(
        A4[0] - _MARGIN,
        y,
        f"page {number} of {of}",
        fontsize=6.5,
        color=GREY,
        ha="right",
    )

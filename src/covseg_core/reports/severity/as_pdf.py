"""A report on severity as pages of A4."""

from __future__ import annotations

import io
from dataclasses import replace
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
    FACT_POINTS,
    GUTTER,
    NAMES,
    Block,
    FactsBlock,
    Heading,
    Page,
    Paragraph,
    TableBlock,
)
from covseg_core.reports.severity.look import GREY, WARNING, wrapped
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
_COLUMN = (_WIDTH - GUTTER) / 2
_PLANES = 4.75
_LEAST_PLANES = 3.0
_CHARTS = 2.65
_TITLE = 14.0
_TITLE_LINES = 3
_BELOW_SUMMARY = 0.06
_ELSEWHERE = "on a following page, as it is long"
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
    front = _fitted(document)
    figures = [_first_page(front, case)]
    blocks = _blocks(document, _moved(document, front))
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
        "Title": facts.title.encode(errors="replace").decode(),
        "Creator": f"covseg {facts.covseg}",
        "Producer": f"covseg {facts.covseg}",
        "Subject": RESEARCH_ONLY,
        "CreationDate": datetime.fromisoformat(facts.created_utc),
    }


def _blank() -> Figure:
    return Figure(A4, dpi=150, facecolor="white")


def _fitted(document: SeverityDocument) -> SeverityDocument:
    """Take what is long off the first page until its pictures have room."""
    document = replace(document, title=_short(document.title))
    facts = dict(document.facts)
    while _room(document) < _LEAST_PLANES:
        longest = max(facts, key=lambda name: _lines(facts[name]))
        if _lines(facts[longest]) == 1:
            break
        facts[longest] = _ELSEWHERE
        document = replace(document, facts=tuple(facts.items()))
    return document


def _lines(value: str) -> int:
    return len(wrapped(value, _COLUMN - NAMES, FACT_POINTS))


def _short(title: str) -> str:
    lines = wrapped(title, _WIDTH, _TITLE, "bold")
    if len(lines) <= _TITLE_LINES:
        return title
    return f"{' '.join(lines[:_TITLE_LINES])[:-2]}…"


def _moved(
    document: SeverityDocument, front: SeverityDocument
) -> list[tuple[str, str]]:
    """Tell what does not stand on the first page in full."""
    whole = (("Title", document.title), *document.facts)
    shown = (("Title", front.title), *front.facts)
    return [one for one, other in zip(whole, shown, strict=True) if one != other]


def _first_page(document: SeverityDocument, case: SeverityCase) -> Figure:
    figure = _blank()
    page = Page(figure)
    y = _stack(page, _MARGIN, _head(document)) + _BELOW_SUMMARY
    height = min(_PLANES, _room(document))
    part = figure.add_subfigure(_place(figure, y, height))
    draw_planes(part, case.ct, case.lesions, case.lungs)
    y += height
    beside = _tables(document, _SIDE_BY_SIDE)
    for number, block in enumerate(beside):
        block.draw(page, _MARGIN + number * (_COLUMN + GUTTER), y, _COLUMN)
    _stack(page, y + _tallest(beside), _tables(document, ("scores",)))
    return figure


def _head(document: SeverityDocument) -> list[Block]:
    return [
        Paragraph(document.title, _TITLE, weight="bold"),
        Paragraph(document.warning.upper(), 9.5, WARNING, "bold"),
        FactsBlock(document.facts),
        Paragraph(" ".join(document.summary), 8.6),
    ]


def _room(document: SeverityDocument) -> float:
    """Tell how high the pictures of the first page can be."""
    across = (*_head(document), *_tables(document, ("scores",)))
    taken = sum(block.height(_WIDTH) for block in across)
    beside = _tallest(_tables(document, _SIDE_BY_SIDE))
    return _FOOT - _MARGIN - taken - _BELOW_SUMMARY - beside


def _tallest(blocks: Sequence[Block]) -> float:
    return max(block.height(_COLUMN) for block in blocks)


def _tables(document: SeverityDocument, keys: Sequence[str]) -> list[Block]:
    return [TableBlock(table) for table in document.tables if table.key in keys]


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


def _blocks(
    document: SeverityDocument, moved: Sequence[tuple[str, str]]
) -> list[Block]:
    """List what stands in the columns behind the first page."""
    blocks: list[Block] = [
        TableBlock(table, 6.4)
        for table in document.tables
        if table.key not in (*_SIDE_BY_SIDE, *_WIDE)
    ]
    for name, value in moved:
        lines = wrapped(value, _COLUMN, 6.6)
        blocks += [Heading(name), *(Paragraph(line, 6.6) for line in lines)]
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
        x, y = _MARGIN + column * (_COLUMN + GUTTER), top
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

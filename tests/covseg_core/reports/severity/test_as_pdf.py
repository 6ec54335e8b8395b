from __future__ import annotations

import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import Lung
from covseg_core.reports.severity.as_pdf import draw_pages, pdf_of
from covseg_core.reports.severity.facts import (
    Identifiers,
    Judgement,
    SeverityCase,
)
from covseg_core.severity.agreement import measure_agreement
from covseg_core.severity.report import measure_report


def words_on(figures):
    """All words that are drawn, line by line."""
    lines = []
    for figure in figures:
        lines += [text.get_text() for text in figure.findobj(match=_is_text)]
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def _is_text(artist):
    return hasattr(artist, "get_parse_math")


def inflated(content):
    """The bytes of a PDF with its streams unpacked."""
    parts = [content]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S):
        try:
            parts.append(zlib.decompress(packed))
        except zlib.error:
            parts.append(packed)
    return b"\n".join(parts)


def page_count(content):
    return len(re.findall(rb"/Type /Page\b", inflated(content)))


@pytest.fixture(scope="module")
def pdf(block_case, block_report, block_facts):
    return pdf_of(block_case, block_report, block_facts)


@pytest.fixture(scope="module")
def words(block_case, block_report, block_facts):
    return words_on(draw_pages(block_case, block_report, block_facts))


def test_the_report_has_two_pages_of_a4(pdf):
    assert pdf.startswith(b"%PDF-")
    assert page_count(pdf) == 2
    boxes = set(re.findall(rb"/MediaBox \[([^\]]*)\]", inflated(pdf)))
    assert len(boxes) == 1
    assert list(map(float, boxes.pop().split())) == pytest.approx(
        [0, 0, 595.44, 841.68]
    )


def test_equal_reports_are_equal_bytes_with_the_date_of_the_facts(
    pdf, block_case, block_report, block_facts
):
    assert pdf_of(block_case, block_report, block_facts) == pdf
    assert b"/CreationDate (D:20260102030405" in inflated(pdf)


def test_the_pages_say_what_was_measured_and_that_it_is_for_research(words):
    assert words.count("For research use only; not for diagnosis.") >= 2
    assert "FOR RESEARCH USE ONLY; NOT FOR DIAGNOSIS." in words
    for expected in (
        "By lung",
        "Scores",
        "7 of 30",
        "25-point score: 7 of 30",
        "By region: six zones: thirds of each lung by height, not lobes",
        "Where infection lies",
        "Density",
        "Methods",
        "page 2 of 2",
    ):
        assert expected in words
    assert "[1] " in words


def test_nothing_is_drawn_beyond_the_margins(block_case, block_report, block_facts):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    facts = replace(block_facts, title="A very long title of a report " * 8)
    for figure in draw_pages(block_case, block_report, facts):
        figure.set_dpi(60)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        for text in figure.findobj(match=_is_text):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent(canvas.get_renderer())
                assert box.x0 > 0.04 * width, text.get_text()
                assert box.x1 < 0.96 * width, text.get_text()
                assert 0 < box.y0 < box.y1 < height, text.get_text()


def test_dollars_are_no_formulas_and_unknown_signs_are_squares(
    block_case, block_report, block_facts
):
    facts = replace(
        block_facts,
        title=r"costs $x^2$ \frac{1}{0} $",
        judgement=Judgement(note="肺 µ \x07"),
    )
    words = words_on(draw_pages(block_case, block_report, facts))
    assert r"costs $x^2$ \frac{1}{0} $" in words
    assert "\N{WHITE SQUARE} µ \N{WHITE SQUARE}" in words


def test_identifiers_are_neither_drawn_nor_in_the_bytes_unless_asked_for(
    pdf, words, block_case, block_report, block_facts
):
    who = Identifiers("Doe, Jane", "PID-4711", "1970-01-02", "2026-01-01")
    named = replace(block_facts, identifiers=who)
    assert "Doe, Jane" in words_on(draw_pages(block_case, block_report, named))
    for value in ("Doe, Jane", "PID-4711", "1970-01-02"):
        assert value not in words
        assert value.encode() not in inflated(pdf)


@pytest.mark.parametrize("kind", ["empty mask", "one lung", "not in HU"])
def test_odd_scans_make_a_report_too(blocks, block_facts, kind):
    ct, lesions, lungs = blocks.ct, blocks.lesions, blocks.lungs
    if kind == "empty mask":
        lesions = replace(lesions, labels=np.zeros_like(lesions.labels))
    if kind == "one lung":
        lungs = replace(
            lungs, labels=np.where(lungs.labels == Lung.LEFT, lungs.labels, 0)
        )
    if kind == "not in HU":
        ct = replace(ct, hu=np.clip((ct.hu + 1350) / 6, 0, 255), is_hu=False)
    report = measure_report(ct, lesions, lungs)
    words = words_on(draw_pages(SeverityCase(ct, lesions, lungs), report, block_facts))
    told = {
        "empty mask": "No infection is outlined",
        "one lung": "not scorable",
        "not in HU": "grey levels",
    }
    assert told[kind] in words


def test_what_finds_no_room_goes_to_another_page(
    blocks, block_case, block_report, block_facts
):
    agreement = measure_agreement(
        blocks.ct, blocks.lesions, blocks.lungs, blocks.lesions
    )
    long = replace(
        block_report,
        agreement=agreement,
        remarks=tuple(f"Remark {number}. " * 12 for number in range(30)),
    )
    pages = draw_pages(block_case, long, block_facts)
    assert len(pages) == 3
    words = words_on(pages)
    assert "Remark 29." in words
    assert "References" in words
    assert "page 3 of 3" in words


NOTE = "Typical pattern of viral pneumonia in both lungs; "


def picture_inches(page):
    """Heights of the pictures of the most affected place."""
    return [
        axis.get_window_extent().height / page.dpi for axis in page.axes if axis.images
    ]


@pytest.mark.parametrize("times", [20, 40, 2000])
def test_a_long_note_leaves_the_pictures_large_and_is_all_in_the_report(
    blocks, block_case, block_report, block_facts, times
):
    note = "".join(f"{number}. {NOTE}" for number in range(times))
    who = Identifiers("Doe, Jane" * 7, "4711" * 16, "1970-01-02", "2026-01-01")
    facts = replace(
        block_facts,
        title="A title that goes on and on " * 60,
        identifiers=who,
        judgement=Judgement(co_rads=5, rsna="typical", note=note),
    )
    pages = draw_pages(block_case, block_report, facts)
    assert min(picture_inches(pages[0])) > 1
    words = " ".join(words_on(pages).split())
    assert f"{times - 1}. {NOTE.strip()}" in words
    assert words.count("and on A title") >= 50
    assert "on a following page" in words


def test_a_short_note_stands_on_the_first_page_line_by_line(
    block_case, block_report, block_facts
):
    judgement = Judgement(note="first line\r\nsecond line\n\nlast\u2028line")
    facts = replace(block_facts, judgement=judgement)
    first, *_ = draw_pages(block_case, block_report, facts)
    assert "first line\nsecond line\n\nlast\nline" in words_on([first])


def test_any_gap_in_a_title_is_a_space(block_case, block_report, block_facts):
    facts = replace(block_facts, title="a\nscan\r\nof\ttwo\x0blungs\u2028here")
    assert "a scan of two lungs here" in words_on(
        draw_pages(block_case, block_report, facts)
    )

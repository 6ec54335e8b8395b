from __future__ import annotations

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from covseg_core.reports.severity.as_html import html_of
from covseg_core.reports.severity.document import document_of
from covseg_core.reports.severity.facts import Identifiers, Judgement

VOID = {"meta", "img", "link", "br", "hr"}
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}{% raw %}"


class Page(HTMLParser):
    """A page as a browser meets it; notes tags that do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.sources, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def page(block_case, block_report, block_facts):
    def make(**changes):
        facts = replace(block_facts, **changes)
        return Page(html_of(block_case, block_report, facts))

    return make


@pytest.fixture(scope="module")
def plain(block_case, block_report, block_facts):
    return html_of(block_case, block_report, block_facts)


def test_the_page_is_well_formed_and_needs_no_other_file(plain):
    made = Page(plain)
    assert made.open == []
    assert made.tags.count("html") == 1
    assert not {"script", "link", "iframe", "form"} & set(made.tags)
    assert len(made.sources) == 2
    for source in made.sources:
        start, _, encoded = source.partition(",")
        assert start == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
            assert picture.format == "PNG"
            assert picture.width > 1000


def test_every_word_of_the_document_is_on_the_page(
    plain, block_case, block_report, block_facts
):
    document = document_of(block_case, block_report, block_facts)
    text = Page(plain).text
    for sentence in (
        document.title,
        document.warning,
        *document.summary,
        *document.remarks,
        *document.limits,
        *document.methods.paragraphs,
        *document.methods.references,
    ):
        assert sentence in text
    for table in document.tables:
        assert table.title in text
        assert table.note in text
        for row in table.rows:
            assert " ".join(" ".join(row).split()) in text


def test_what_people_type_is_escaped(page):
    made = page(title=HOSTILE, judgement=Judgement(note=HOSTILE))
    assert "script" not in made.tags
    assert made.text.count(HOSTILE) == 3  # title of the window, heading, note


def test_identifiers_are_there_only_when_asked_for(page, plain):
    who = Identifiers("Doe, Jane", "PID-4711", "1970-01-02", "2026-01-01")
    assert "Doe, Jane" in page(identifiers=who).text
    for value in ("Doe, Jane", "PID-4711", "1970-01-02", "Patient ID"):
        assert value not in Page(plain).text


def test_the_same_report_gives_the_same_page(
    plain, block_case, block_report, block_facts
):
    assert html_of(block_case, block_report, block_facts) == plain


def test_a_note_keeps_its_lines_and_a_title_has_one(page):
    made = page(title="two\nlines", judgement=Judgement(note="first\nsecond"))
    assert "first\nsecond" in made.words
    assert made.words.count("two lines") == 2
    assert any("dd {" in words and "pre-line" in words for words in made.words)

"""The words and tables of a report on severity, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.io.nameless import nameless
from covseg_core.reports.scan_facts import scan_facts
from covseg_core.reports.severity.facts import notes_on_masks
from covseg_core.reports.severity.methods import Methods, mask_words, methods_of
from covseg_core.reports.severity.tables import tables_of
from covseg_core.reports.severity.words import LIMITS, summary_of
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.reports.severity.table import Table
    from covseg_core.severity.report import SeverityReport

__all__ = ["SeverityDocument", "document_of"]


@dataclass(frozen=True)
class SeverityDocument:
    """What a page says, in the order in which it says it.

    Parameters
    ----------
    title, warning : str
        Head of the report.
    created_utc : str
        When it was made.
    facts : tuple of (str, str)
        Identifiers if wanted, the scan, how the masks came about, who judged what.
    summary : tuple of str
        Sentences.
    tables : tuple of Table
        Figures.
    remarks, limits : tuple of str
        Sentences.
    methods : Methods
        For a paper.
    """

    title: str
    warning: str
    created_utc: str
    facts: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]
    limits: tuple[str, ...]
    methods: Methods


def document_of(
    case: SeverityCase, report: SeverityReport, facts: ReportFacts
) -> SeverityDocument:
    """Put a report into words.

    Parameters
    ----------
    case : SeverityCase
        What was measured on.
    report : SeverityReport
        What was measured.
    facts : ReportFacts
        What else is to be said.
    """
    scan = scan_facts(nameless(case.ct))
    remarks = (*report.remarks, *scan.notes, *notes_on_masks(case))
    return SeverityDocument(
        " ".join(facts.title.split()),
        RESEARCH_ONLY,
        facts.created_utc,
        (*_identifiers(facts), *scan.rows, *_origins(facts), *facts.judgement.rows),
        summary_of(report),
        tables_of(report, case.lesions.label_set),
        tuple(dict.fromkeys(remarks)),
        LIMITS,
        methods_of(report, facts),
    )


def _identifiers(facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    return () if facts.identifiers is None else facts.identifiers.rows


def _origins(facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    mask = mask_words(facts)
    return (
        ("Mask", f"{mask[:1].upper()}{mask[1:]}"),
        ("Lungs", f"{facts.lungs[:1].upper()}{facts.lungs[1:]}"),
        ("Made", f"{_plain_time(facts.created_utc)}, covseg {facts.covseg}"),
    )


def _plain_time(created_utc: str) -> str:
    return f"{created_utc[:16].replace('T', ' ')} UTC"

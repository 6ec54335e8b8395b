"""A report on severity as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.io.nameless import nameless
from covseg_core.reports.severity.facts import notes_on_masks
from covseg_core.reports.severity.words import LIMITS, summary_of
from covseg_core.transforms.fingerprint import hash_ct

if TYPE_CHECKING:
    from covseg_core.reports.severity.facts import ReportFacts, SeverityCase
    from covseg_core.severity.report import SeverityReport
    from covseg_core.volume import CTVolume

__all__ = ["json_of"]


def json_of(
    case: SeverityCase, report: SeverityReport, facts: ReportFacts
) -> dict[str, Any]:
    """Give all that is known as plain values for JSON.

    No path is in it, and no patient data unless `facts` has identifiers.

    Parameters
    ----------
    case : SeverityCase
        What was measured on.
    report : SeverityReport
        What was measured.
    facts : ReportFacts
        What else is to be said.
    """
    return (
        facts.as_dict()
        | {"input": _input(case.ct), "summary": list(summary_of(report))}
        | report.as_dict()
        | {
            "remarks": [*report.remarks, *notes_on_masks(case)],
            "limits": list(LIMITS),
        }
    )


def _input(ct: CTVolume) -> dict[str, Any]:
    return {
        "sha256": hash_ct(ct),
        "kind": ct.source.kind,
        "is_hu": ct.is_hu,
        "is_synthetic": ct.source.is_synthetic,
        "shape_zyx": list(ct.grid.shape),
        "spacing_mm_zyx": list(ct.grid.spacing_mm_zyx),
        "notes": list(nameless(ct).source.notes),
    }

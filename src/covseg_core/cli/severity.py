"""`covseg severity`: scores and reports of one scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covseg_core.cli.output import make_folder, refuse_overwriting, say, say_json
from covseg_core.cli.predict_files import manifests_with
from covseg_core.cli.severity_dicom import DicomSet, write_set
from covseg_core.cli.severity_inputs import Labels, MaskFiles, Masks, collect_masks
from covseg_core.cli.severity_measure import Comparison, measure
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.config import PredictSettings
from covseg_core.io import read_ct
from covseg_core.reports.severity.as_json import json_of
from covseg_core.reports.severity.facts import (
    DEFAULT_TITLE,
    Identifiers,
    Judgement,
    ReportFacts,
    SeverityCase,
)
from covseg_core.reports.severity.identifiers import read_identifiers
from covseg_core.reports.severity.words import summary_of
from covseg_core.reports.severity.write import require_report_names, write_reports

__all__ = ["severity"]


def severity(
    input: Path,  # noqa: A002 - the contract's word
    /,
    *,
    output: Annotated[list[Path] | None, Parameter(alias="-o", negative=())] = None,
    mask: Path | None = None,
    lungs: Path | None = None,
    lobes: Path | None = None,
    labels: Labels | None = None,
    series: str | None = None,
    model: str | None = None,
    settings: Annotated[PredictSettings, Parameter(name="*")] = PredictSettings(),  # noqa: B008
    comparison: Annotated[Comparison, Parameter(name="*")] = Comparison(),  # noqa: B008
    judgement: Annotated[Judgement, Parameter(name="*")] = Judgement(),  # noqa: B008
    dicom: Annotated[DicomSet, Parameter(name="*")] = DicomSet(),  # noqa: B008
    title: str = DEFAULT_TITLE,
    identifiers: bool = False,
    json: bool = False,
) -> None:
    """Score how much of the lungs is diseased, and report it.

    For research use only.  No report holds anything that identifies the patient unless
    --identifiers asks for it.

    Parameters
    ----------
    input
        DICOM folder or file, or NIfTI file.
    output
        Report to write: .json, .csv, .html or .pdf; give -o again for another one.
    mask
        Mask of infection, NIfTI or DICOM SEG; the model outlines it if not given.
    lungs
        Lung mask, 1 right and 2 left, in place of our own.
    lobes
        Lobes: 1 left upper, 2 left lower, 3 right upper, 4 right middle, 5 right lower.
    labels
        What 1 means in the masks: ground glass (lesions), or any infection.
    series
        Series Instance UID, where there are several.
    model
        Name of a model (see `covseg models list`) or path of its folder; the promoted
        model if not given.
    settings
        How to predict.
    comparison
        What else there is to measure by.
    judgement
        What a reader judged; it is quoted, never computed.
    dicom
        DICOM objects of the results.
    title
        Of the report.
    identifiers
        Put the patient's name, ID, birth date and study date onto the report.
    json
        Print one JSON document.
    """
    outputs, files = output or [], MaskFiles(mask, lungs, lobes, labels)
    _require_sense(outputs, files, comparison, dicom, json=json)
    outlines = mask is None or (
        comparison.earlier is not None and comparison.earlier_mask is None
    )
    if not outlines and (model is not None or settings.model_fields_set):
        raise UsageError(
            "--model and how to predict do not go with --mask, as nothing is outlined."
        )
    read = [input, *files.paths, *comparison.paths]
    _require_files(read)
    kept = [*read, *manifests_with(read)]
    refuse_overwriting(kept, [*outputs, *dicom.targets])
    ct = read_ct(input, series_uid=series)
    dicom.require_for(ct)
    known = read_identifiers(ct.source) if identifiers else None
    for path in outputs:
        make_folder(path.parent)
    masks = collect_masks(ct, files, model, settings)
    report = measure(ct, masks, comparison, labels, model, settings)
    case = SeverityCase(ct, masks.lesions, masks.lungs)
    facts = _facts(case, masks, title, judgement, known)
    write_reports(outputs, case, report, facts)
    written = [*outputs, *write_set(dicom, case, report, facts)]
    if json:
        say_json(json_of(case, report, facts))
        return
    for sentence in summary_of(report):
        say(sentence)
    for path in written:
        say(f"wrote {path}")


def _require_sense(
    outputs: list[Path],
    files: MaskFiles,
    comparison: Comparison,
    dicom: DicomSet,
    *,
    json: bool,
) -> None:
    if not outputs and dicom.dicom is None and not json:
        raise UsageError("give a report to write after -o or --dicom, or --json.")
    dicom.require_sense()
    require_report_names(outputs)
    for path in outputs:
        if outputs.count(path) > 1:
            raise UsageError(f"the report {path.name!r} is asked for twice.")
    given = files.mask, comparison.reader_mask, comparison.earlier_mask
    if files.labels is not None and not any(given):
        raise UsageError("--labels tells what 1 means in a mask; give the mask, too.")
    comparison.require_sense()


def _require_files(paths: list[Path]) -> None:
    """Raise `InputRefusedError` before anything is measured, as that takes long."""
    for path in paths:
        if not path.exists():
            raise InputRefusedError(
                f"{path.name} could not be read: there is no such file. Check the name."
            )


def _facts(
    case: SeverityCase,
    masks: Masks,
    title: str,
    judgement: Judgement,
    known: Identifiers | None,
) -> ReportFacts:
    facts = ReportFacts.of(case, masks.origin, masks.lungs_words, masks.threshold)
    return replace(facts, title=title, judgement=judgement, identifiers=known)

"""Run an evaluation and put what came out into one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from covseg_core.errors import InputRefusedError
from covseg_core.io import is_nifti
from covseg_core.labels import LESIONS
from covseg_core.metrics.evaluation import Model, classes_to_score, evaluate_files
from covseg_core.metrics.patients import patients_of
from covseg_core.metrics.published import PUBLISHED, PUBLISHED_NOTE
from covseg_core.metrics.summary import (
    CaseScores,
    compare_cases,
    plain,
    summarise,
    targets_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.metrics.config import EvaluateSettings
    from covseg_core.metrics.pairs import Pair
    from covseg_core.reports.evaluation_pictures import EvaluationPictures

__all__ = ["Evaluation", "document_of", "models_of", "run_evaluation"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that was measured.

    Parameters
    ----------
    settings : EvaluateSettings
        How.
    unit : {"image", "volume", "slice"}
        What a case is.
    notes : tuple of str
        What a careful reader should know.
    cases : tuple of CaseScores
        Of the model evaluated.
    means : dict
        Of `summary.summarise`.
    comparison : dict
        Of `summary.compare_cases`, empty without another model.
    """

    settings: EvaluateSettings
    unit: str
    notes: tuple[str, ...]
    cases: tuple[CaseScores, ...]
    means: dict[str, dict[str, dict[str, Any]]]
    comparison: dict[str, dict[str, dict[str, Any]]]


def models_of(
    pairs: tuple[Pair, ...],
    others: tuple[Pair, ...] | None,
    classes: tuple[int, ...] | None,
) -> tuple[Model, ...]:
    """Say which classes of each model are scored; `classes` if they are given."""
    return tuple(
        Model(each, classes_to_score(each) if classes is None else classes)
        for each in (pairs, others)
        if each is not None
    )


def run_evaluation(
    models: tuple[Model, ...],
    settings: EvaluateSettings,
    table: Path | None,
    pictures: EvaluationPictures | None,
) -> Evaluation:
    """Score every file and average.

    Parameters
    ----------
    models : tuple of Model
        The one to evaluate, and perhaps another to compare it with.
    settings : EvaluateSettings
        The protocol and its numbers.
    table : Path or None
        CSV file of patients.
    pictures : EvaluationPictures or None
        Sees every file.

    Raises
    ------
    InputRefusedError
        If a file cannot be used, or there is no slice to judge.
    """
    pairs = models[0].pairs
    patients = patients_of([pair.name for pair in pairs], table)
    cases: list[CaseScores] = []
    same: list[list[CaseScores]] = [[] for _ in models]
    for evaluated in evaluate_files(models, settings, patients):
        cases.extend(evaluated.cases[0])
        for known, new in zip(same, evaluated.compared, strict=True):
            known.extend(new)
        if pictures is not None:
            pictures.add(evaluated)
    if not cases:
        raise InputRefusedError(
            "no slice holds infection, true or predicted, so infnet2020 has nothing to "
            "judge. Use --protocol standard."
        )
    compared = compare_cases(same[1], same[0], settings.protocol) if same[1:] else {}
    return Evaluation(
        settings,
        _unit(pairs, settings),
        tuple(_notes(models, settings, table)),
        tuple(cases),
        summarise(cases, settings.protocol),
        compared,
    )


def document_of(result: Evaluation, *, published: bool) -> dict[str, Any]:
    """Write an evaluation as plain values; NaN becomes None, patients are numbered."""
    numbers: dict[str, int] = {}
    for case in result.cases:
        numbers.setdefault(case.patient, len(numbers) + 1)
    document = {
        **result.settings.model_dump(),
        "unit": result.unit,
        "n_cases": len(result.cases),
        "n_patients": len(numbers),
        "targets": targets_of(result.cases),
        "notes": result.notes,
        "mean": result.means,
        "cases": [
            {
                "name": case.name,
                "patient": numbers[case.patient],
                "scores": case.scores,
            }
            for case in result.cases
        ],
    }
    if result.comparison:
        document["against"] = result.comparison
    if published:
        rows = [row._asdict() for row in PUBLISHED]
        document["published"] = {"note": PUBLISHED_NOTE, "rows": rows}
    plain_document: dict[str, Any] = plain(document)
    return plain_document


def _unit(pairs: tuple[Pair, ...], settings: EvaluateSettings) -> str:
    if not is_nifti(pairs[0].truth):
        return "image"
    return "slice" if settings.protocol == "infnet2020" else "volume"


def _notes(
    models: tuple[Model, ...], settings: EvaluateSettings, table: Path | None
) -> list[str]:
    notes = []
    if table is None:
        notes.append("each file is taken for its own patient; --patients groups them.")
    unit = _unit(models[0].pairs, settings)
    if unit == "slice":
        notes.append(
            "each slice that holds infection, true or predicted, is a case; slices of "
            "one volume belong to one patient."
        )
    if unit == "volume":
        notes.append(
            "volumes are judged whole; S- and E-measure are means over their slices "
            "with infection."
        )
    if not models[0].classes:
        kinds = " and ".join(label.title.lower() for label in LESIONS.classes)
        notes.append(
            f"only infection is scored: predictions or references do not tell {kinds} "
            "apart. --labels scores classes nevertheless."
        )
    return notes

"""`covseg evaluate`: how well masks agree with a reader's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from covseg_core.cli.output import (
    make_folder,
    refuse_file_name,
    refuse_overwriting,
    say,
    say_json,
)
from covseg_core.cli.predict_files import manifests_with
from covseg_core.errors import UsageError
from covseg_core.labels import LESIONS
from covseg_core.metrics.config import EvaluateSettings

if TYPE_CHECKING:
    from covseg_core.cli.evaluate_run import Evaluation
    from covseg_core.metrics.evaluation import Model
    from covseg_core.metrics.pairs import Pair
    from covseg_core.reports.evaluation_pictures import EvaluationPictures

__all__ = ["evaluate"]


def evaluate(
    predictions: Annotated[Path, Parameter(name="PRED")],
    reference: Annotated[Path, Parameter(name="REF")],
    /,
    *,
    settings: Annotated[EvaluateSettings, Parameter(name="*")] = EvaluateSettings(),  # noqa: B008
    labels: str | None = None,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    csv: Path | None = None,
    against: Path | None = None,
    patients: Path | None = None,
    plots: Path | None = None,
    images: Path | None = None,
    published: bool = False,
    json: bool = False,
) -> None:
    """Measure how well predictions agree with a reader's masks.

    Parameters
    ----------
    predictions
        Mask or probabilities, or a folder of them.
    reference
        The reader's mask, or a folder of masks with the same names.
    settings
        How to evaluate.
    labels
        Classes to score besides infection, such as 1,2; all in the reference if not
        given and the predictions tell classes apart.
    output
        JSON file for everything that was measured.
    csv
        File for one row per case and class.
    against
        Another model's predictions, to compare with on the same cases.
    patients
        CSV file with columns name and patient; else each file is its own patient.
    plots
        Folder for pictures: measures, thresholds, worst slices.
    images
        Scans or pictures to draw the worst slices on.
    published
        Print what the papers report beside it; with --protocol infnet2020.
    json
        Print one JSON document.
    """
    from covseg_core.cli.evaluate_run import document_of, models_of, run_evaluation
    from covseg_core.metrics.pairs import match_files

    if images is not None and plots is None:
        raise UsageError("--images goes with --plots.")
    if published and settings.protocol != "infnet2020":
        raise UsageError("--published goes with --protocol infnet2020.")
    classes = None if labels is None else _classes(labels)
    pairs = match_files(predictions, reference)
    others = None if against is None else match_files(against, reference)
    _check_outputs([*pairs, *(others or ())], output, csv)
    models = models_of(pairs, others, classes)
    for path in (output, csv):
        if path is not None:
            make_folder(path.parent)
    pictures = None if plots is None else _pictures(plots, images, models[0])

    result = run_evaluation(models, settings, patients, pictures)
    document = document_of(result, published=published)
    _write(result, document, output, csv)
    if plots is not None and pictures is not None:
        pictures.write(plots, result.cases, settings.protocol)
    if json:
        say_json(document)
    else:
        _report(result, document, published)


def _classes(labels: str) -> tuple[int, ...]:
    words = [word.strip() for word in labels.split(",")]
    allowed = {str(value): value for value in LESIONS.values}
    if not set(words) <= set(allowed):
        raise UsageError(
            f"--labels: got {labels!r}; give {' or '.join(allowed)}, or both with a "
            "comma between."
        )
    return tuple(sorted({allowed[word] for word in words}))


def _check_outputs(pairs: list[Pair], output: Path | None, csv: Path | None) -> None:
    for path, ending in ((output, ".json"), (csv, ".csv")):
        if path is not None and path.suffix.lower() != ending:
            raise UsageError(f"the output {path.name!r} must end in {ending}.")
    read = [
        path
        for pair in pairs
        for path in (pair.truth, pair.mask, pair.probabilities)
        if path is not None
    ]
    written = [path for path in (output, csv) if path is not None]
    refuse_overwriting([*read, *manifests_with(read)], written)


def _pictures(plots: Path, images: Path | None, model: Model) -> EvaluationPictures:
    from covseg_core.reports.evaluation_gallery import find_images
    from covseg_core.reports.evaluation_pictures import EvaluationPictures

    names = [pair.name for pair in model.pairs]
    found = {} if images is None else find_images(images, names)
    refuse_file_name(plots, "a folder after --plots")
    make_folder(plots)
    return EvaluationPictures(found, model.classes)


def _write(
    result: Evaluation, document: dict[str, Any], output: Path | None, csv: Path | None
) -> None:
    from covseg_core.io.atomic import write_json, write_text
    from covseg_core.reports.evaluation_text import cases_as_csv

    if output is not None:
        write_json(output, document)
    if csv is not None:
        write_text(csv, cases_as_csv(result.cases, result.settings.protocol))


def _report(result: Evaluation, document: dict[str, Any], published: bool) -> None:
    from covseg_core.reports.evaluation_text import (
        case_lines,
        comparison_lines,
        mean_lines,
        published_lines,
    )

    cases = _many(document["n_cases"], document["unit"])
    patients = _many(document["n_patients"], "patient")
    say(f"{result.settings.protocol}: {cases} of {patients}")
    for note in document["notes"]:
        say(f"note: {note}")
    lines = [*case_lines(result.cases), *mean_lines(result.means)]
    if result.comparison:
        lines += ["", "against the other model"]
        lines += comparison_lines(result.comparison)
    if published:
        lines += published_lines()
    for line in lines:
        say(line)


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

"""`covseg demo`: the main job on a sample CT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.cli.output import OutputPath, say
from covseg_core.cli.predict_volume import Wanted, save_prediction
from covseg_core.cli.progress import follow
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.lungs import lungs_of
from covseg_core.inference.predict import predict_ct
from covseg_core.io import read_ct
from covseg_core.io.atomic import write_json
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.phantom import make_phantom
from covseg_core.registry.store import DEFAULT_MODEL, find_model
from covseg_core.registry.weights import load_model
from covseg_core.reports.overlay import write_overlay
from covseg_core.reports.severity.as_json import json_of
from covseg_core.reports.severity.facts import (
    ReportFacts,
    SeverityCase,
    sha256_of_mask,
    words_on_lungs,
)
from covseg_core.reports.severity.write import write_reports
from covseg_core.severity.report import measure_report

if TYPE_CHECKING:
    from covseg_core.inference.prediction import Prediction
    from covseg_core.volume import CTVolume

__all__ = ["demo"]


def demo(*, output: OutputPath = Path("covseg_demo")) -> None:
    """Run the main job on a sample CT with the bundled model.

    Writes a computed chest CT as a DICOM series, reads it back, outlines infection,
    measures it and draws the most affected slices.  Needs no network and no GPU.

    Parameters
    ----------
    output
        Folder for ct/, mask.nii.gz, mask.json, severity.json, report.html, report.pdf
        and overlay.png.
    """
    phantom = make_phantom()
    write_dicom_series(phantom.ct, output / "ct")
    ct = read_ct(output / "ct")

    model, wanted = load_model(find_model(DEFAULT_MODEL)), Wanted(PredictSettings())
    prediction = follow(predict_ct(ct, model, wanted.settings))
    manifest = save_prediction(output / "mask.nii.gz", ct, prediction, model, wanted)
    _report(output, ct, prediction, manifest)
    write_overlay(output / "overlay.png", ct, prediction.lesions, prediction.lungs)

    say(f"{model.card.name} on {prediction.device}, {prediction.seconds:.1f} s")
    for key, volume in prediction.lesions.volumes_ml.items():
        true = phantom.lesions.volumes_ml[key]
        say(f"  {key:16}{volume:8.1f} ml found, {true:8.1f} ml true")
    share = manifest["opacity"]["both"]["percent_opacity"]
    say(f"  {'of the lungs':16}{share:8.1f} %")
    say(f"mask, report and picture are in {output}; for research use only")


def _report(
    output: Path, ct: CTVolume, prediction: Prediction, manifest: dict[str, Any]
) -> None:
    """Score the scan and write severity.json, report.html and report.pdf."""
    lungs = prediction.lungs or follow(lungs_of(ct))
    case = SeverityCase(ct, prediction.lesions, lungs)
    report = measure_report(ct, prediction.lesions, lungs)
    model = manifest["model"]
    facts = ReportFacts(
        MaskOrigin("model", model["name"], model["weights_sha256"]),
        model["threshold"],
        words_on_lungs(lungs),
        manifest["created_utc"],
        mask_sha256=sha256_of_mask(prediction.lesions),
    )
    document = json_of(case, report, facts) | {"model": model}
    write_json(output / "severity.json", document)
    write_reports((output / "report.html", output / "report.pdf"), case, report, facts)

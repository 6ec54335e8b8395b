"""Predict one scan and write mask, manifest and probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.cli.cases.inputs import read_lungs
from covseg_core.cli.output import make_folder, refuse_overwriting
from covseg_core.cli.predict_files import (
    beside,
    manifest_of,
    remove_earlier,
)
from covseg_core.cli.progress import follow
from covseg_core.inference.manifest import describe_run
from covseg_core.inference.predict import predict_ct
from covseg_core.io import read_ct
from covseg_core.io.atomic import write_json
from covseg_core.io.mask_formats import FORMATS, MaskFormat
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.nifti import write_nifti_map, write_nifti_probabilities

if TYPE_CHECKING:
    from covseg_core.inference.config import PredictSettings, UncertaintySettings
    from covseg_core.inference.prediction import Prediction
    from covseg_core.registry.weights import LoadedModel
    from covseg_core.volume import CTVolume

__all__ = ["MAPS", "Wanted", "predict_volume", "results_of", "save_prediction"]

PROBABILITIES = "_prob.nii.gz"
UNCERTAINTY = "_uncertainty.nii.gz"
MAPS = PROBABILITIES, UNCERTAINTY
"""How the maps end that may lie beside a mask."""


@dataclass(frozen=True)
class Wanted:
    """How to predict, and what to write beside the mask."""

    settings: PredictSettings
    probabilities: bool = False
    uncertainty: UncertaintySettings | None = None
    mask_format: MaskFormat = FORMATS["nifti"]


def predict_volume(
    path: Path,
    target: Path,
    model: LoadedModel,
    wanted: Wanted,
    series: str | None = None,
    lungs: Path | None = None,
) -> dict[str, Any]:
    """Predict one scan, write the results and return the manifest.

    Raises
    ------
    UsageError
        If a result would replace one of the files that the scan was read from.
    """
    ct = read_ct(path, series_uid=series)
    wanted.mask_format.require_for(ct.source)
    refuse_overwriting(map(Path, ct.source.paths), results_of(target))
    make_folder(target.parent)
    steps = predict_ct(
        ct,
        model,
        wanted.settings,
        lungs=None if lungs is None else read_lungs(lungs, ct.grid),
        keep_probabilities=wanted.probabilities,
        uncertainty=wanted.uncertainty,
    )
    return save_prediction(target, ct, follow(steps), model, wanted)


def save_prediction(
    target: Path,
    ct: CTVolume,
    prediction: Prediction,
    model: LoadedModel,
    wanted: Wanted,
) -> dict[str, Any]:
    """Write mask, manifest and what else was asked for; return the manifest."""
    manifest = describe_run(ct, prediction, model.card, wanted.settings)
    make_folder(target.parent)
    remove_earlier(target, MAPS)
    origin = MaskOrigin("model", model.card.name, model.card.weights_sha256)
    wanted.mask_format.write(target, ct, [TracedMask(prediction.lesions, origin)])
    write_json(manifest_of(target), manifest)
    if prediction.probabilities is not None:
        write_nifti_probabilities(
            beside(target, PROBABILITIES), prediction.probabilities, ct.grid
        )
    if prediction.uncertainty is not None:
        entropy = prediction.uncertainty.entropy
        write_nifti_map(beside(target, UNCERTAINTY), entropy, ct.grid)
    return {"output": str(target)} | manifest


def results_of(target: Path) -> list[Path]:
    """List the files that may be written for a mask."""
    return [target, manifest_of(target), *(beside(target, end) for end in MAPS)]

"""`covseg predict`: masks for scans and for 8-bit slices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from covseg_core.cli.output import (
    OutputPath,
    refuse_file_name,
    refuse_overwriting,
    say,
    say_json,
)
from covseg_core.errors import UsageError
from covseg_core.inference.config import PredictSettings, UncertaintySettings
from covseg_core.io import is_nifti
from covseg_core.io.mask_formats import FORMATS, MaskFormat, stem_of
from covseg_core.registry.store import find_model

if TYPE_CHECKING:
    from covseg_core.cli.predict_batch import Batch

__all__ = ["predict"]

Format: TypeAlias = Literal["nifti", "dicom-seg", "dicom-seg-labelmap", "nrrd"]


def predict(
    inputs: Annotated[list[Path], Parameter(name="INPUT", consume_multiple=True)],
    /,
    *,
    output: OutputPath,
    model: str | None = None,
    settings: Annotated[PredictSettings, Parameter(name="*")] = PredictSettings(),  # noqa: B008
    series: str | None = None,
    lungs: Path | None = None,
    mask_format: Annotated[Format, Parameter(name="--format")] = "nifti",
    probabilities: bool = False,
    uncertainty: bool = False,
    doubts: Annotated[UncertaintySettings, Parameter(name="*")] = UncertaintySettings(),  # noqa: B008
    slices8bit: bool = False,
    json: bool = False,
) -> None:
    """Outline infection on scans or 8-bit slices.

    Parameters
    ----------
    inputs
        DICOM folders or files, NIfTI files; with --slices8bit pictures or folders.
    output
        File for one volume, else a folder.
    model
        Name of a model (see `covseg models list`) or path of its folder; the promoted
        model if not given.
    settings
        How to predict.
    series
        Series Instance UID, where there are several.
    lungs
        Lung mask, 1 right and 2 left, in place of our own.
    mask_format
        Format of the masks of scans; a DICOM segmentation needs a DICOM series.
    probabilities
        Write them too, beside the mask.
    uncertainty
        Write a map of where the model is unsure beside the mask, 0 sure to 1.
    doubts
        How to find that out.
    slices8bit
        Each picture is one slice in a lung window; masks are PNG of the same name.
    json
        Print one JSON document.
    """
    from covseg_core.cli.predict_batch import predict_each
    from covseg_core.cli.predict_files import refuse_foreign
    from covseg_core.cli.predict_volume import (
        MAPS,
        Wanted,
        predict_volume,
        results_of,
    )
    from covseg_core.registry.promotion import promoted
    from covseg_core.registry.weights import load_model

    if not inputs:
        raise UsageError("give at least one scan or picture.")
    if slices8bit and (series or lungs):
        raise UsageError("--series and --lungs do not go with --slices8bit.")
    if slices8bit and "smallest_ml" in settings.model_fields_set:
        raise UsageError(
            "--smallest-ml does not go with --slices8bit: a picture has no voxel size."
        )
    if slices8bit and mask_format != "nifti":
        raise UsageError("--format does not go with --slices8bit: masks are PNG.")
    if len(inputs) > 1 and (series or lungs):
        raise UsageError("--series and --lungs go with one scan only.")
    if not uncertainty and doubts != UncertaintySettings():
        raise UsageError("--way, --predictions and --seed go with --uncertainty.")
    wanted = Wanted(
        settings, probabilities, doubts if uncertainty else None, FORMATS[mask_format]
    )
    loaded = load_model(find_model(model or promoted()))
    if slices8bit:
        from covseg_core.cli.predict_slices import predict_slices

        batch = predict_slices(inputs, output, loaded, wanted)
    else:
        _refuse_pictures(inputs)
        targets = _targets(inputs, output, wanted.mask_format)
        refuse_overwriting(
            [*inputs, *([lungs] if lungs else [])],
            [result for target in targets for result in results_of(target)],
        )
        for target in targets:
            refuse_foreign(target, MAPS)

        def predict_scan(path: Path, target: Path) -> dict[str, Any]:
            return predict_volume(path, target, loaded, wanted, series, lungs)

        batch = predict_each(inputs, targets, predict_scan)
    _report(batch, json)
    batch.require_all()


def _refuse_pictures(inputs: list[Path]) -> None:
    from covseg_core.io.images import is_picture

    for path in inputs:
        if is_picture(path) and path.is_file():
            raise UsageError(
                f"{path.name!r} is a picture; add --slices8bit if it is one slice in a "
                "lung window."
            )


def _targets(inputs: list[Path], output: Path, wanted: MaskFormat) -> list[Path]:
    """Name the mask of each scan; refuse two scans that would share one."""
    is_file = is_nifti(output) if wanted.name == "nifti" else wanted.takes(output)
    if is_file and not output.is_dir():
        if len(inputs) > 1:
            raise UsageError(
                f"{len(inputs)} scans do not fit into one file; give a folder after -o."
            )
        return [output]
    refuse_file_name(output, f"a {wanted.suffix} or a folder")
    targets = [output / f"{_stem(path)}{wanted.suffix}" for path in inputs]
    for target in targets:
        if targets.count(target) > 1:
            raise UsageError(
                f"two scans would both be written to {target.name!r}; "
                "predict them into different folders."
            )
    return targets


def _stem(path: Path) -> str:
    return stem_of(path.resolve().name)


def _report(batch: Batch, json: bool) -> None:
    if json:
        say_json(batch.runs[0] if batch.size == 1 else batch.runs)
        return
    for run in batch.runs:
        say(f"{run['output']}")
        volumes = run["volumes_ml"]
        if isinstance(volumes, dict):
            for key, volume in volumes.items():
                say(f"  {key:16}{volume:9.1f} ml")
        opacity = run.get("opacity")
        if isinstance(opacity, dict):
            share = opacity["both"]["percent_opacity"]
            say(f"  {'of the lungs':16}{share:9.1f} %")

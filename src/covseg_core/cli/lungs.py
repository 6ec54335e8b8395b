"""`covseg lungs`: the right and the left lung."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covseg_core.cli.output import (
    OutputPath,
    make_folder,
    refuse_overwriting,
    require_nifti_name,
    say,
    say_json,
)
from covseg_core.cli.progress import follow
from covseg_core.inference.config import RunSettings
from covseg_core.io import read_ct
from covseg_core.registry import store

__all__ = ["lungs"]


def lungs(
    input: Path,  # noqa: A002 - the contract's word
    /,
    *,
    output: OutputPath,
    model: str | None = None,
    settings: Annotated[RunSettings, Parameter(name="*")] = RunSettings(),  # noqa: B008
    series: str | None = None,
    json: bool = False,
) -> None:
    """Find the right and the left lung.

    Parameters
    ----------
    input
        DICOM folder, file or DICOMDIR, or NIfTI file.
    output
        Mask to write, .nii.gz or .nii; 1 is the right lung, 2 the left.
    model
        Name of a model that outlines lungs, or the path of its folder; lungs-small
        without a name. hu-threshold goes by the density of air.
    settings
        What runs it.
    series
        Series Instance UID, where there are several.
    json
        Print one JSON document.
    """
    require_nifti_name(output)
    refuse_overwriting([input], [output])
    ct = read_ct(input, series_uid=series)

    from covseg_core.inference.lungs import outline_lungs
    from covseg_core.inference.manifest import describe_lungs
    from covseg_core.io.nifti import write_nifti_labels
    from covseg_core.registry.weights import load_model

    loaded = load_model(store.find_model(model or store.LUNGS_MODEL))
    make_folder(output.parent)
    mask = follow(outline_lungs(ct, loaded, settings))
    write_nifti_labels(output, mask)
    if json:
        document = {"output": str(output), "volumes_ml": mask.volumes_ml}
        say_json(document | describe_lungs(mask))
        return
    for label in mask.label_set.classes:
        say(f"{label.title:12}{mask.volumes_ml[label.key]:8.0f} ml")
    for note in mask.source.notes:
        say(f"note: {note}")
    say(f"wrote {output}")

"""Predict 8-bit slices, each on its own, into a folder of masks."""

from __future__ import annotations

import hashlib
import io
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.cli.output import make_folder, refuse_file_name, refuse_overwriting
from covseg_core.cli.predict_batch import predict_each
from covseg_core.cli.predict_files import (
    beside,
    manifest_of,
    refuse_foreign,
    remove_earlier,
)
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.manifest import describe_slice_run
from covseg_core.inference.opinions import make_opinions
from covseg_core.inference.predict import (
    doubt_image,
    make_slice_outliner,
    predict_image,
)
from covseg_core.io.atomic import write_bytes, write_json
from covseg_core.io.images import list_slices, read_slice, write_mask_png

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.cli.predict_batch import Batch
    from covseg_core.cli.predict_volume import Wanted
    from covseg_core.registry.weights import LoadedModel

__all__ = ["predict_slices"]

PROBABILITIES = ".npy"
UNCERTAINTY = "_uncertainty.npy"
MAPS = PROBABILITIES, UNCERTAINTY


def predict_slices(
    inputs: list[Path],
    output: Path,
    model: LoadedModel,
    wanted: Wanted,
) -> Batch:
    """Predict every picture, write the results and return the manifests."""
    paths = [path for given in inputs for path in _pictures(given)]
    targets = _targets(paths, inputs, output)
    refuse_overwriting(paths, [made for target in targets for made in _outputs(target)])
    for target in targets:
        refuse_foreign(target, MAPS)
    make_folder(targets[0].parent)
    outline = make_slice_outliner(model, wanted.settings)
    opinions = None
    if wanted.uncertainty is not None:
        opinions = make_opinions(model, outline, wanted.settings, wanted.uncertainty)

    def predict_slice(path: Path, target: Path) -> dict[str, Any]:
        start = time.perf_counter()
        image = read_slice(path)
        answer = predict_image(image, model, outline, wanted.settings)
        doubt = None if opinions is None else doubt_image(image, answer, opinions)
        manifest = describe_slice_run(
            hashlib.sha256(np.ascontiguousarray(image.grey).data).hexdigest(),
            time.perf_counter() - start,
            outline,
            model.card,
            wanted.settings,
            doubt,
        )
        remove_earlier(target, MAPS)
        write_mask_png(target, answer.labels)
        write_json(manifest_of(target), manifest)
        if wanted.probabilities:
            write_bytes(beside(target, PROBABILITIES), _as_npy(answer.probabilities))
        if doubt is not None:
            write_bytes(beside(target, UNCERTAINTY), _as_npy(doubt.entropy))
        return {"output": str(target)} | manifest

    return predict_each(paths, targets, predict_slice)


def _pictures(given: Path) -> tuple[Path, ...]:
    if not given.exists():
        raise InputRefusedError(f"there is no file or folder {given.name!r}.")
    found = list_slices(given) if given.is_dir() else (given,)
    if not found:
        raise InputRefusedError(f"the folder {given.name!r} holds no PNG or JPG.")
    return found


def _targets(paths: list[Path], inputs: list[Path], output: Path) -> list[Path]:
    if len(inputs) == 1 and inputs[0].is_file() and output.suffix.lower() == ".png":
        return [output]
    refuse_file_name(output, "a folder or, for one picture, a .png")
    targets = [output / f"{path.stem}.png" for path in paths]
    if len(set(targets)) < len(targets):
        raise UsageError(
            "two pictures differ only in folder or ending, so their masks would "
            "share a name; predict them into different folders."
        )
    return targets


def _outputs(target: Path) -> list[Path]:
    return [target, manifest_of(target), *(beside(target, end) for end in MAPS)]


def _as_npy(values: npt.NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()

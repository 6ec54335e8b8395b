"""Find which prediction belongs to which reader's mask, by name, and read both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from covseg_core.errors import GeometryError, InputRefusedError, UsageError
from covseg_core.io import is_nifti
from covseg_core.io.images import read_slice
from covseg_core.io.nifti import read_nifti_labels
from covseg_core.io.probabilities import (
    read_nifti_probabilities,
    read_npy_probabilities,
)
from covseg_core.labels import LESIONS, UNKNOWN_CLASS

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import Grid

__all__ = ["OnGrid", "Pair", "match_files", "read_prediction", "read_truth", "stem_of"]

PROBABILITIES = "_prob"
UNCERTAINTY = "_uncertainty"
"""How a map ends that predict writes beside a mask, which is no prediction."""
OVERLAY = "overlay"
_LABELS = (0, *LESIONS.values, UNKNOWN_CLASS)


@dataclass(frozen=True)
class Pair:
    """The files of one case.

    Parameters
    ----------
    name : str
        Name of the reference without its ending.
    truth : Path
        The reader's mask.
    mask : Path or None
        Predicted labels, or a grey PNG of probabilities.
    probabilities : Path or None
        Predicted probabilities; at least one of both is there.
    """

    name: str
    truth: Path
    mask: Path | None
    probabilities: Path | None


@dataclass(frozen=True, eq=False)
class OnGrid:
    """Labels (..., H, W) or probabilities (C, ..., H, W), and where they lie.

    Pictures have no grid.
    """

    voxels: npt.NDArray[Any]
    grid: Grid | None


def match_files(predictions: Path, references: Path) -> tuple[Pair, ...]:
    """Match two files, or the files of two folders that share a name.

    Parameters
    ----------
    predictions : Path
        ``.nii.gz``, ``.nii`` or ``.png`` masks, ``.npy`` or ``_prob.nii.gz``
        probabilities, or a folder of them.
    references : Path
        Masks, or a folder of them.

    Raises
    ------
    InputRefusedError
        If there is nothing, or a name has no partner; lists those names.
    UsageError
        If one is a file and the other a folder.
    """
    for path in (predictions, references):
        if not path.exists():
            raise InputRefusedError(f"there is no file or folder {path.name!r}.")
    if predictions.is_dir() != references.is_dir():
        raise UsageError(
            "give two files or two folders, not one of each: "
            f"{predictions.name!r} and {references.name!r}."
        )
    if not predictions.is_dir():
        _require_kind(predictions)
        _require_kind(references)
        found = {True: None, False: None} | {
            _is_probabilities(predictions): predictions
        }
        return (Pair(stem_of(references), references, found[False], found[True]),)
    masks = _by_stem(predictions, probabilities=False)
    maps = _by_stem(predictions, probabilities=True)
    truths = _by_stem(references, probabilities=False)
    _require_partners({*masks, *maps}, set(truths))
    return tuple(
        Pair(stem, truth, masks.get(stem), maps.get(stem))
        for stem, truth in truths.items()
    )


def read_truth(pair: Pair) -> OnGrid:
    """Read a reader's mask as labels, ``(Z, Y, X)`` or ``(H, W)``.

    Raises
    ------
    InputRefusedError
        If it is damaged or holds anything but labels.
    """
    if is_nifti(pair.truth):
        return _read_nifti_mask(pair.truth)
    grey = read_slice(pair.truth).grey
    if not np.isin(grey, _LABELS).all():
        others = ", ".join(str(value) for value in np.setdiff1d(grey, _LABELS)[:5])
        raise InputRefusedError(
            f"{pair.truth.name} holds the grey levels {others}; a reader's mask may "
            "hold only 0, 1, 2 and 255. Save it as labels, or as black and white."
        )
    return OnGrid(grey, None)


def read_prediction(pair: Pair, truth: OnGrid, *, prefer_probabilities: bool) -> OnGrid:
    """Read what was predicted, on the voxels of `truth`.

    Parameters
    ----------
    pair : Pair
        Where mask and probabilities lie.
    truth : OnGrid
        The reader's mask.
    prefer_probabilities : bool
        Which to read where both are there.

    Returns
    -------
    OnGrid
        Labels of the shape of `truth`, or probabilities with the classes in front.

    Raises
    ------
    InputRefusedError
        If it is damaged or holds neither labels nor probabilities.
    GeometryError
        If it does not lie on the voxels of `truth`; nothing is resampled.
    """
    order = [pair.probabilities, pair.mask]
    path = next(path for path in order[:: 1 if prefer_probabilities else -1] if path)
    predicted = _read_predicted(path)
    _require_same_voxels(pair, predicted, truth)
    return predicted


def stem_of(path: Path) -> str:
    """Name a case: the file's name without ``.nii.gz``, ``.png``, ``_prob``, …."""
    name = path.name
    for ending in (".gz", ".nii", ".png", ".npy"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name.removesuffix(PROBABILITIES) if is_nifti(path) else name


def _is_probabilities(path: Path) -> bool:
    if path.suffix.lower() == ".npy":
        return True
    stem = path.name.lower().removesuffix(".gz").removesuffix(".nii")
    return is_nifti(path) and stem.endswith(PROBABILITIES)


def _is_kind(path: Path) -> bool:
    if stem_of(path).endswith(UNCERTAINTY):
        return False
    return is_nifti(path) or path.suffix.lower() in (".png", ".npy")


def _require_kind(path: Path) -> None:
    if not _is_kind(path):
        raise InputRefusedError(
            f"{path.name} cannot be evaluated; .nii.gz, .nii, .png or .npy is needed."
        )


def _by_stem(folder: Path, *, probabilities: bool) -> dict[str, Path]:
    """List masks or probabilities; what else we write is neither."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") or not path.is_file()
        if hidden or not _is_kind(path) or stem_of(path).endswith(OVERLAY):
            continue
        if _is_probabilities(path) != probabilities:
            continue
        stem = stem_of(path)
        if stem in found:
            raise InputRefusedError(
                f"{found[stem].name} and {path.name} have one name; keep one of them."
            )
        found[stem] = path
    return found


def _require_partners(predicted: set[str], true: set[str]) -> None:
    if not predicted or not true:
        which = "predictions" if not predicted else "reference"
        raise InputRefusedError(
            f"the folder of {which} holds no .nii.gz, .nii, .png or .npy file that "
            "can be compared."
        )
    sides = {"no reference": predicted - true, "no prediction": true - predicted}
    complaints = [
        f"{what} for {', '.join(sorted(names))}"
        for what, names in sides.items()
        if names
    ]
    if complaints:
        raise InputRefusedError(
            f"there is {'; '.join(complaints)}. Files are matched by name; rename or "
            "move these."
        )


def _read_predicted(path: Path) -> OnGrid:
    if path.suffix.lower() == ".npy":
        return OnGrid(read_npy_probabilities(path), None)
    if _is_probabilities(path):
        return OnGrid(*read_nifti_probabilities(path))
    if is_nifti(path):
        return _read_nifti_mask(path)
    grey = read_slice(path).grey
    if np.isin(grey, _LABELS).all():
        return OnGrid(grey, None)
    return OnGrid((grey / 255).astype(np.float32)[None], None)


def _read_nifti_mask(path: Path) -> OnGrid:
    mask = read_nifti_labels(path, LESIONS, allow_unknown=True)
    return OnGrid(mask.labels, mask.grid)


def _require_same_voxels(pair: Pair, predicted: OnGrid, truth: OnGrid) -> None:
    axes = truth.voxels.ndim
    shape = predicted.voxels.shape[-axes:]
    if shape != truth.voxels.shape or (predicted.grid is None) != (truth.grid is None):
        raise GeometryError(
            f"{pair.name}: the prediction has {_times(shape)} voxels, the reference "
            f"{_times(truth.voxels.shape)}. Both must have the same; nothing is "
            "resampled."
        )
    if predicted.grid is None or truth.grid is None:
        return
    if not predicted.grid.matches(truth.grid):
        raise GeometryError(
            f"{pair.name}: prediction and reference lie at different places or have "
            f"different spacings ({_mm(predicted.grid)} and {_mm(truth.grid)} mm). "
            "Bring both onto one grid; nothing is resampled."
        )


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)


def _mm(grid: Grid) -> str:
    return " x ".join(f"{step:.3g}" for step in grid.spacing_mm_zyx)

"""Compare whole sets of files: a generator that yields one file at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from covseg_core.errors import InputRefusedError
from covseg_core.labels import LESIONS
from covseg_core.metrics.pairs import OnGrid, Pair, read_prediction, read_truth
from covseg_core.metrics.scores import counted_slices, score_case
from covseg_core.metrics.summary import CaseScores

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from covseg_core.metrics.config import EvaluateSettings

    _Cases: TypeAlias = tuple[tuple[CaseScores, ...], ...]

__all__ = ["Evaluated", "Model", "classes_to_score", "evaluate_files"]


@dataclass(frozen=True)
class Model:
    """What one model predicted, and which classes of it are scored.

    Parameters
    ----------
    pairs : tuple of Pair
        Its files beside the reader's, in the order of the reader's.
    classes : tuple of int
        Labels scored one by one, besides infection.
    """

    pairs: tuple[Pair, ...]
    classes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """One file of a reader, compared.

    Parameters
    ----------
    pair : Pair
        The files of the first model.
    truth, predicted : OnGrid
        What they hold.
    cases : tuple of tuple of CaseScores
        For each model its scores: one case, or one for each slice of a volume
        under ``infnet2020`` that holds truth or its prediction.
    compared : tuple of tuple of CaseScores
        For each model its scores on the slices and classes that the truth or any
        model holds, so that all have the same.
    """

    pair: Pair
    truth: OnGrid
    predicted: OnGrid
    cases: _Cases
    compared: _Cases


def classes_to_score(pairs: Sequence[Pair]) -> tuple[int, ...]:
    """List the classes of the references, none if the predictions tell none apart.

    Predictions tell classes apart if a mask holds label 2 or probabilities have
    two channels.
    """
    truths = [read_truth(pair) for pair in pairs]
    highest = max(LESIONS.values)
    present = tuple(
        value
        for value in LESIONS.values
        if any((truth.voxels == value).any() for truth in truths)
    )
    if highest not in present:
        return ()
    for pair, truth in zip(pairs, truths, strict=True):
        predicted = read_prediction(pair, truth, prefer_probabilities=True).voxels
        is_mask = predicted.ndim == truth.voxels.ndim
        if (predicted == highest).any() if is_mask else len(predicted) > 1:
            return present
    return ()


def evaluate_files(
    models: Sequence[Model],
    settings: EvaluateSettings,
    patients: Mapping[str, str],
) -> Generator[Evaluated, None, None]:
    """Score the files of one or more models against the same references.

    Parameters
    ----------
    models : sequence of Model
        Each with the same references in the same order.
    settings : EvaluateSettings
        The protocol and its numbers.
    patients : mapping of str to str
        Patient of each case by its name.

    Yields
    ------
    Evaluated
        After every reference.

    Raises
    ------
    InputRefusedError
        If a file is damaged, does not fit its reference, or has no channel for a
        class.
    """
    probable = settings.protocol == "infnet2020"
    for pairs in zip(*(model.pairs for model in models), strict=True):
        name, truth = pairs[0].name, read_truth(pairs[0])
        predictions = [
            read_prediction(pair, truth, prefer_probabilities=probable)
            for pair in pairs
        ]
        for predicted, model in zip(predictions, models, strict=True):
            _require_channels(name, predicted, truth, model.classes)
        slices = _slices(truth, predictions) if probable else None
        cases = tuple(
            tuple(_score(predicted, truth, slices, model.classes, settings))
            for predicted, model in zip(predictions, models, strict=True)
        )
        named = tuple(
            tuple(
                CaseScores(_case_name(name, z), patients[name], scores)
                for z, scores in each
            )
            for each in cases
        )
        own, shared = (named, named) if slices is None else _held(named)
        yield Evaluated(pairs[0], truth, predictions[0], own, shared)


def _slices(truth: OnGrid, predictions: Sequence[OnGrid]) -> list[int] | None:
    """List the slices to judge one by one; None for a picture."""
    if truth.voxels.ndim == 2:
        return None
    return counted_slices(truth.voxels, *(each.voxels for each in predictions))


def _score(
    predicted: OnGrid,
    truth: OnGrid,
    slices: list[int] | None,
    classes: tuple[int, ...],
    settings: EvaluateSettings,
) -> Iterator[tuple[int | None, dict[str, dict[str, float]]]]:
    """Score the whole or each of `slices`, with the index of the slice."""
    if slices is None:
        spacing = None if truth.grid is None else truth.grid.spacing_mm_zyx
        yield (
            None,
            score_case(predicted.voxels, truth.voxels, spacing, classes, settings),
        )
        return
    for z in slices:
        plane = predicted.voxels[..., z, :, :]
        yield z, score_case(plane, truth.voxels[z], None, classes, settings)


def _held(models: _Cases) -> tuple[_Cases, _Cases]:
    """Keep of each slice what a model or the truth holds, and what any model does."""
    own = tuple(
        tuple(_only(case, keys) for case in cases if (keys := _keys_held(case)))
        for cases in models
    )
    of_any = [
        frozenset[str]().union(*map(_keys_held, slices))
        for slices in zip(*models, strict=True)
    ]
    shared = tuple(tuple(map(_only, cases, of_any)) for cases in models)
    return own, shared


def _keys_held(case: CaseScores) -> frozenset[str]:
    return frozenset(
        key
        for key, each in case.scores.items()
        if each["truth_voxels"] + each["predicted_voxels"]
    )


def _only(case: CaseScores, keys: frozenset[str]) -> CaseScores:
    kept = {key: each for key, each in case.scores.items() if key in keys}
    return replace(case, scores=kept)


def _case_name(name: str, z: int | None) -> str:
    return name if z is None else f"{name} slice {z + 1}"


def _require_channels(
    name: str, predicted: OnGrid, truth: OnGrid, classes: tuple[int, ...]
) -> None:
    is_mask = predicted.voxels.ndim == truth.voxels.ndim
    if not is_mask and max(classes, default=0) > len(predicted.voxels):
        raise InputRefusedError(
            f"{name}: class {max(classes)} was asked for, but the probabilities have "
            f"{len(predicted.voxels)} channel. Leave --labels away."
        )

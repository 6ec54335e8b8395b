"""Collect, file by file, what the pictures of an evaluation show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.labels import LESIONS, UNKNOWN_CLASS
from covseg_core.metrics.curves import dice_over_thresholds
from covseg_core.metrics.pairs import read_prediction
from covseg_core.metrics.scores import ANY_CLASS, infection_probability
from covseg_core.reports.evaluation_gallery import draw_gallery, worst_slice
from covseg_core.reports.evaluation_plots import (
    draw_measures,
    draw_thresholds,
    write_figure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from covseg_core.metrics.evaluation import Evaluated
    from covseg_core.metrics.summary import CaseScores
    from covseg_core.reports.evaluation_gallery import Panel

__all__ = ["EvaluationPictures"]


class EvaluationPictures:
    """The pictures of one evaluation.

    Parameters
    ----------
    images : dict of str to Path
        The scan or picture of each case, empty to draw outlines alone.
    classes : tuple of int
        Labels that have a curve, besides infection.
    """

    def __init__(self, images: dict[str, Path], classes: tuple[int, ...]) -> None:
        self._images = images
        self._classes = classes
        self._panels: list[Panel] = []
        self._curves: dict[str, list[npt.NDArray[np.float64]]] = {}

    def add(self, evaluated: Evaluated) -> None:
        """Keep the worst slice of a file and, of probabilities, their curves."""
        self._panels.append(worst_slice(evaluated))
        if evaluated.pair.probabilities is None and not _is_map(evaluated):
            return
        truth = evaluated.truth.voxels
        maps = read_prediction(
            evaluated.pair, evaluated.truth, prefer_probabilities=True
        ).voxels
        probability = infection_probability(maps, truth.ndim)
        self._keep(ANY_CLASS, probability, truth > 0)
        known = truth != UNKNOWN_CLASS
        for value in self._classes[: len(maps)]:
            key = LESIONS.keys[LESIONS.values.index(value)]
            self._keep(key, maps[value - 1][known], truth[known] == value)

    def write(
        self, folder: Path, cases: Sequence[CaseScores], protocol: str
    ) -> list[str]:
        """Write measures.png, worst.png and, of probabilities, thresholds.png.

        Returns
        -------
        list of str
            Names of the files.

        Raises
        ------
        OutputError
            If one could not be written.
        InputRefusedError
            If an image cannot be read or does not lie on its mask.
        """
        figures = {
            "measures.png": draw_measures(cases, protocol),
            "worst.png": draw_gallery(self._panels, self._images),
        }
        if self._curves:
            figures["thresholds.png"] = draw_thresholds(self._curves)
        for name, figure in figures.items():
            write_figure(folder / name, figure)
        return list(figures)

    def _keep(
        self, target: str, probability: npt.NDArray[Any], truth: npt.NDArray[np.bool_]
    ) -> None:
        """Keep a curve where there is something to find."""
        if truth.any():
            curve = dice_over_thresholds(probability, truth)
            self._curves.setdefault(target, []).append(curve)


def _is_map(evaluated: Evaluated) -> bool:
    return evaluated.predicted.voxels.ndim > evaluated.truth.voxels.ndim

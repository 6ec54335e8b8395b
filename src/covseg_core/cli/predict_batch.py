"""Predict scans or pictures one after the other, whatever is wrong with some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    PredictOne: TypeAlias = Callable[[Path, Path], dict[str, Any]]

__all__ = ["Batch", "predict_each"]


@dataclass(frozen=True)
class Batch:
    """What came of several scans or pictures.

    Parameters
    ----------
    size : int
        How many there were.
    runs : tuple of dict
        Manifests of those that were predicted.
    refused : tuple of str
        Names of the others, each with the reason.
    """

    size: int
    runs: tuple[dict[str, Any], ...]
    refused: tuple[str, ...]

    def require_all(self) -> None:
        """Raise `InputRefusedError` if any was refused."""
        if self.refused:
            raise InputRefusedError(
                f"{len(self.refused)} of {self.size} were refused. "
                f"{' '.join(self.refused)}"
            )


def predict_each(
    paths: Sequence[Path], targets: Sequence[Path], predict_one: PredictOne
) -> Batch:
    """Predict every path into its target; those that are refused are passed over.

    Raises
    ------
    InputRefusedError
        If there is one path only and it is refused.
    """
    runs, refused = [], []
    for path, target in zip(paths, targets, strict=True):
        try:
            runs.append(predict_one(path, target))
        except InputRefusedError as error:
            if len(paths) == 1:
                raise
            refused.append(f"{path.resolve().name}: {error}")
    return Batch(len(paths), tuple(runs), tuple(refused))

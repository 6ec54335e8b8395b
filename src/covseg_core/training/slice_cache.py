"""Prepared slices on disk, so that a run needs no more memory than one scan.

The folder holds ``pixels.f16`` and ``labels.u8``, one slice after the other, and
``slices.json``, which is written last: without it the folder is worth nothing and
is made anew.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from covseg_core.errors import InputRefusedError, OutputError
from covseg_core.io.atomic import write_json
from covseg_core.training.data import TrainingSlices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SliceWriter", "open_slices"]

PIXELS, LABELS, INDEX = "pixels.f16", "labels.u8", "slices.json"


class SliceWriter:
    """Writes slices as they come, case after case; use it in a ``with`` block.

    Parameters
    ----------
    folder : Path
        Made if absent.
    key : str
        What the slices are made from and how; `open_slices` asks for it.

    Raises
    ------
    OutputError
        If the disk is full or may not be written to.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        self._cases: list[str] = []
        self._weights: list[float] = []
        self._size = 0

    def __enter__(self) -> SliceWriter:
        """Open the files; what was there is worth nothing from now on."""
        with _writing():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / INDEX).unlink(missing_ok=True)
            self._pixels = (self._folder / PIXELS).open("wb")
            self._labels = (self._folder / LABELS).open("wb")
        return self

    def add(self, case: str, part: TrainingSlices) -> None:
        """Write the slices of one case."""
        with _writing():
            self._pixels.write(part.pixels.numpy().tobytes())
            self._labels.write(part.labels.numpy().tobytes())
        self._cases += [case] * len(part)
        self._weights += part.weights.tolist()
        self._size = part.pixels.shape[-1]

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Close the files and, if all went well, say what is in them."""
        with _writing():
            self._pixels.close()
            self._labels.close()
        if kind is None:
            index = {
                "key": self._key,
                "size": self._size,
                "cases": self._cases,
                "weights": self._weights,
            }
            write_json(self._folder / INDEX, index)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"the prepared slices could not be written: {error.strerror}. "
            "Free some space, or set COVSEG_HOME to another disk, and start again."
        ) from error


def open_slices(
    folder: Path, key: str
) -> tuple[TrainingSlices, tuple[str, ...]] | None:
    """Open slices that were written under `key`; None if there are none.

    Returns
    -------
    tuple
        The slices, and the name of the case that each is from.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if index["key"] != key:
        return None
    if not index["cases"]:
        raise InputRefusedError("none of the cases has a slice to learn from.")
    shape = (len(index["cases"]), index["size"], index["size"])
    # Copy on write: torch asks for memory that it may write to.
    pixels = np.memmap(folder / PIXELS, np.float16, "c", shape=shape)
    labels = np.memmap(folder / LABELS, np.uint8, "c", shape=shape)
    slices = TrainingSlices(
        torch.from_numpy(pixels)[:, None],
        torch.from_numpy(labels),
        torch.tensor(index["weights"]),
    )
    return slices, tuple(index["cases"])

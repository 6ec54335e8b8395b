"""Save a Labels layer as NIfTI, on the grid of the scan that it was drawn on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.errors import InputRefusedError
from napari_covseg._convert import MaskFacts, facts_of, mask_from_layer

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["write_labels"]


def write_labels(path: str, data: npt.NDArray[Any], meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer.

    Parameters
    ----------
    path : str
        Ends in ``.nii`` or ``.nii.gz``.
    data : ndarray of int, shape (Z, Y, X)
        As shown.
    meta : dict
        Arguments of the layer, its metadata among them.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    InputRefusedError
        If the layer was not made on a scan of CovSeg, or a run still writes to it.
    OutputError
        If the file could not be written; an old one is untouched.
    """
    from covseg_core.io.nifti import write_nifti_labels

    metadata = meta.get("metadata", {})
    facts = facts_of(metadata)
    if isinstance(facts, MaskFacts) and facts.is_growing:
        raise InputRefusedError(
            "the outline of this mask is not done, so part of it is missing; wait "
            "until it is done."
        )
    write_nifti_labels(Path(path), mask_from_layer(data, metadata))
    return [path]

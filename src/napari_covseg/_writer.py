"""Save a Labels layer as NIfTI, on the grid of the scan that it was drawn on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_covseg._convert import mask_from_layer

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
        If the layer was not made on a scan of CovSeg.
    OutputError
        If the file could not be written; an old one is untouched.
    """
    from covseg_core.io.nifti import write_nifti_labels

    write_nifti_labels(Path(path), mask_from_layer(data, meta.get("metadata", {})))
    return [path]

"""The border between the core's volumes and napari's layers.

A layer shows its volume in the standard orientation: slices from foot to head,
rows from front to back, columns from the patient's right to left, the right on
the left of the screen.  Its scale is in millimetres and diagonal, as napari
draws oblique slices wrongly.  The grid that was read stands in
``layer.metadata["covseg"]``, and a mask goes back onto exactly that grid.

Arrays are copied both ways: napari paints in place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import LUNGS, UNKNOWN_CLASS, LabelSet
from covseg_core.transforms.orient import (
    Orientation,
    standardise_ct,
    standardise_mask,
)
from covseg_core.volume import CTVolume, Grid, LabelVolume, LesionMask, LungMask, Source
from napari_covseg._layer_styles import CTStyle, MaskStyle
from napari_covseg._screen.preferences import mask_opacity

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from napari.layers import Layer

    from covseg_core.io.mask_origin import MaskOrigin

__all__ = [
    "CTFacts",
    "LayerTuple",
    "MaskFacts",
    "blank_mask_layer",
    "ct_from_layer",
    "ct_layer",
    "facts_of",
    "lies_on",
    "mask_from_layer",
    "mask_layer",
    "restate",
]

LayerTuple: TypeAlias = tuple[Any, dict[str, Any], str]
"""What napari makes a layer of: data, arguments, kind."""

_KEY = "covseg"
_AXES = ("slice", "row", "column")


@dataclass(frozen=True, eq=False)
class _Facts:
    grid: Grid


@dataclass(frozen=True, eq=False)
class CTFacts(_Facts):
    """What an Image layer cannot say about its CT.

    Parameters
    ----------
    grid : Grid
        As it was read.
    is_hu : bool
        Whether the voxels are Hounsfield units.
    padding : ndarray of bool, shape (Z, Y, X), optional
        Voxels that the scanner did not measure, in the standard orientation.
    source : Source
        Where the CT came from.
    """

    is_hu: bool = True
    padding: npt.NDArray[np.bool_] | None = None
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, eq=False)
class MaskFacts(_Facts):
    """What a Labels layer cannot say about its mask.

    Parameters
    ----------
    grid : Grid
        As it was read; of the CT, for a mask that was predicted.
    label_set : LabelSet
        What the voxel values mean.
    is_growing : bool
        Whether a run still writes to it, so that it is half of a mask.
    origin : MaskOrigin, optional
        Who drew it; None if that is not known.
    """

    label_set: LabelSet
    is_growing: bool = False
    origin: MaskOrigin | None = None


def facts_of(metadata: Mapping[str, Any]) -> CTFacts | MaskFacts | None:
    """Look up what CovSeg knows of a layer; None for layers of others."""
    facts = metadata.get(_KEY)
    return facts if isinstance(facts, CTFacts | MaskFacts) else None


def lies_on(mask: Layer, scan: Layer | None) -> bool:
    """Whether a layer is a mask of CovSeg on the grid of a scan that CovSeg opened."""
    on = facts_of(mask.metadata)
    of = None if scan is None else facts_of(scan.metadata)
    return (
        isinstance(on, MaskFacts)
        and isinstance(of, CTFacts)
        and on.grid.matches(of.grid)
    )


def restate(metadata: dict[str, Any], facts: MaskFacts) -> None:
    """Say something else of a mask; napari's copies of its layer say it too."""
    metadata[_KEY] = facts


def ct_layer(ct: CTVolume, name: str) -> LayerTuple:
    """Make an Image layer of a CT in any orientation."""
    standard = standardise_ct(ct)
    padding = None if standard.padding is None else standard.padding.copy()
    facts = CTFacts(ct.grid, ct.is_hu, padding, ct.source)
    arguments = _place(standard.grid, facts, name) | CTStyle(ct.is_hu).as_kwargs()
    return np.array(standard.hu, order="C"), arguments, "image"


def mask_layer(mask: LabelVolume, name: str) -> LayerTuple:
    """Make a Labels layer of a mask in any orientation."""
    standard = standardise_mask(mask)
    return _labels_layer(
        np.array(standard.labels, order="C"),
        MaskFacts(mask.grid, mask.label_set),
        name,
    )


def blank_mask_layer(
    ct_metadata: Mapping[str, Any], label_set: LabelSet, name: str
) -> LayerTuple:
    """Make a Labels layer without any label, on the grid of a CT layer.

    Raises
    ------
    InputRefusedError
        If the CT layer was not opened by CovSeg.
    """
    grid = _ct_facts(ct_metadata).grid
    blank = np.zeros(Orientation(grid).standard_grid.shape, np.uint8)
    return _labels_layer(blank, MaskFacts(grid, label_set), name)


def ct_from_layer(data: npt.NDArray[Any], metadata: Mapping[str, Any]) -> CTVolume:
    """Make a CT, in the standard orientation, of an Image layer.

    Its array is the layer's, if that is float32: nobody paints on a CT.

    Raises
    ------
    InputRefusedError
        If the layer was not opened by CovSeg.
    GeometryError
        If its data has another shape than the scan that was read.
    """
    facts = _ct_facts(metadata)
    grid = _standard_grid(facts, data.shape)
    hu = np.ascontiguousarray(data, dtype=np.float32)
    return CTVolume(hu, grid, facts.is_hu, facts.padding, facts.source)


def mask_from_layer(data: npt.NDArray[Any], metadata: Mapping[str, Any]) -> LabelVolume:
    """Make a mask, on the grid that was read, of a Labels layer.

    Raises
    ------
    InputRefusedError
        If the layer was not made on a scan of CovSeg, or holds a value without
        a meaning.
    GeometryError
        If its data has another shape than its scan.
    """
    facts = facts_of(metadata)
    if not isinstance(facts, MaskFacts):
        raise InputRefusedError(
            "this layer was not made on a scan opened by CovSeg, so its place in the "
            "patient is unknown; outline the scan with CovSeg and edit that mask."
        )
    _standard_grid(facts, data.shape)
    _require_known(data, facts.label_set)
    turned = Orientation(facts.grid).undo(np.asarray(data))
    labels = np.array(turned, dtype=np.uint8, order="C")
    kind = LungMask if facts.label_set.name == LUNGS.name else LesionMask
    return kind(labels, facts.grid, facts.label_set)


def _ct_facts(metadata: Mapping[str, Any]) -> CTFacts:
    facts = facts_of(metadata)
    if isinstance(facts, CTFacts):
        return facts
    raise InputRefusedError(
        "this layer was not opened by CovSeg, so its orientation and units are "
        "unknown; open the DICOM folder or the NIfTI file with CovSeg."
    )


def _labels_layer(
    labels: npt.NDArray[np.uint8], facts: MaskFacts, name: str
) -> LayerTuple:
    grid = Orientation(facts.grid).standard_grid
    style = MaskStyle(facts.label_set, mask_opacity())
    return labels, _place(grid, facts, name) | style.as_kwargs(), "labels"


def _place(standard: Grid, facts: _Facts, name: str) -> dict[str, Any]:
    # Along the scan's own axes, so that scans of one direction still line up.
    origin_xyz = standard.direction_lps.T @ np.asarray(standard.origin_lps_mm)
    return {
        "name": name,
        "scale": standard.spacing_mm_zyx,
        "translate": tuple(float(step) for step in origin_xyz[::-1]),
        "units": ("mm",) * 3,
        "axis_labels": _AXES,
        "metadata": {_KEY: facts},
    }


def _standard_grid(facts: _Facts, shape: tuple[int, ...]) -> Grid:
    grid = Orientation(facts.grid).standard_grid
    if shape != grid.shape:
        raise GeometryError(
            f"the layer has shape {tuple(shape)} but its scan has {grid.shape}; "
            "undo what changed its size, or open the scan again."
        )
    return grid


def _require_known(data: npt.NDArray[Any], label_set: LabelSet) -> None:
    known = {0, UNKNOWN_CLASS, *label_set.values}
    unknown = [value for value in _values(data) if value not in known]
    if unknown:
        meanings = ", ".join(f"{each.value} {each.title}" for each in label_set.classes)
        raise InputRefusedError(
            f"the mask holds the label {unknown[0]}, which has no meaning here "
            f"({meanings}); repaint these voxels with one of the classes."
        )


def _values(labels: npt.NDArray[Any]) -> list[int]:
    """List the values of a mask; sorting a long one takes seconds."""
    if labels.dtype != np.uint8:
        return [int(value) for value in np.unique(labels)]
    seen = np.zeros(256, bool)
    for each in labels:
        seen[each] = True
    return [int(value) for value in np.flatnonzero(seen)]

"""The same patient scanned or stored otherwise, to see what a model makes of it.

Each function takes a real or a computed scan and gives a changed copy in true
geometry: what lay at a place in the patient still lies there.  Masks go along: those
that have other voxels afterwards (`stored_otherwise`, `resampled`) are
given to the same function, all others to `placed_on`.  `DISTURBANCES` lists what the
bundled models are tried on.
"""

from __future__ import annotations

from covseg_core.phantom.disturbances.catalogue import DISTURBANCES, Disturbance
from covseg_core.phantom.disturbances.grey import noisy, windowed_to_8_bit
from covseg_core.phantom.disturbances.metal import with_metal
from covseg_core.phantom.disturbances.picture import Room, placed_on, widened
from covseg_core.phantom.disturbances.resample import (
    resampled,
    with_matrix,
    with_slices,
)
from covseg_core.phantom.disturbances.storage import stored_otherwise
from covseg_core.phantom.disturbances.surroundings import with_arms, with_table

__all__ = [
    "DISTURBANCES",
    "Disturbance",
    "Room",
    "noisy",
    "placed_on",
    "resampled",
    "stored_otherwise",
    "widened",
    "windowed_to_8_bit",
    "with_arms",
    "with_matrix",
    "with_metal",
    "with_slices",
    "with_table",
]

"""Imagine a scan in another process, and bring the images over piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from covseg_core.inference.imagined import WhatIf
from covseg_core.inference.progress import Progress
from napari_covseg._processes.child import in_child

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

    from covseg_core.inference.config import PredictSettings
    from covseg_core.registry.store import ModelEntry
    from covseg_core.volume import CTVolume, LungMask

__all__ = ["imagine_scan"]

_SLICES_AT_ONCE = 8
_LARGE = ("images_hu", "lesion_far_mm")
_UNUSED = "probability"


@dataclass(frozen=True, eq=False)
class _Slab:
    """Some slices of the large arrays, and how many slices there are in all."""

    slices: slice
    total: int
    images_hu: npt.NDArray[np.float32]
    lesion_far_mm: npt.NDArray[np.float32]


def imagine_scan(
    ct: CTVolume, entry: ModelEntry, settings: PredictSettings, lungs: LungMask | None
) -> Generator[Progress | None, None, WhatIf]:
    """Imagine a scan; see `covseg_core.inference.whatif.imagine`.

    Yields
    ------
    Progress or None
        None while there is nothing new.

    Returns
    -------
    WhatIf
        With distances to the lesions, and without probabilities.

    Raises
    ------
    CovsegError
        If the model or the scan is refused, or the process ends.
    """
    large: dict[str, Any] = {}
    steps = in_child(_imagine_apart, ct, entry, settings, lungs)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            facts: dict[str, Any] = end.value
            break
        if isinstance(step, _Slab):
            _put(large, step)
            yield Progress("Fetching the images", step.slices.stop, step.total)
        else:
            yield step
    unused = np.broadcast_to(np.float32(0), facts["tissues"].shape)
    return WhatIf(ct=ct, **facts, **large, probability=unused)


def _imagine_apart(
    ct: CTVolume, entry: ModelEntry, settings: PredictSettings, lungs: LungMask | None
) -> Generator[Progress | _Slab, None, dict[str, Any]]:
    """Imagine in the other process; nothing is sent back that is known here."""
    from covseg_core.inference.stitch import with_distances
    from covseg_core.inference.whatif import imagine
    from covseg_core.registry.weights import load_model

    seen = yield from imagine(ct, load_model(entry), settings, lungs)
    yield Progress("Measuring distances")
    seen = with_distances(seen)
    total = seen.images_hu.shape[1]
    for start in range(0, total, _SLICES_AT_ONCE):
        some = slice(start, min(start + _SLICES_AT_ONCE, total))
        yield _slab(seen, some, total)
    left_out = {"ct", _UNUSED, *_LARGE}
    names = [each.name for each in fields(seen) if each.name not in left_out]
    return {name: getattr(seen, name) for name in names}


def _slab(seen: WhatIf, some: slice, total: int) -> _Slab:
    far_mm = seen.lesion_far_mm
    if far_mm is None:
        raise RuntimeError("distances were measured, and are not there")
    images = np.ascontiguousarray(seen.images_hu[:, some])
    return _Slab(some, total, images, np.ascontiguousarray(far_mm[some]))


def _put(large: dict[str, Any], slab: _Slab) -> None:
    images, far_mm = slab.images_hu, slab.lesion_far_mm
    if not large:
        shape = (slab.total, *far_mm.shape[1:])
        large["images_hu"] = np.empty((len(images), *shape), np.float32)
        large["lesion_far_mm"] = np.empty(shape, np.float32)
    large["images_hu"][:, slab.slices] = images
    large["lesion_far_mm"][slab.slices] = far_mm

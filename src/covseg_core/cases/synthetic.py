"""Keep scans that a model made apart from those that a scanner measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covseg_core.errors import InputRefusedError

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume

__all__ = ["WHATIF", "is_synthetic"]

WHATIF = "whatif.json"
"""Lists the synthetic scans in its folder, with the hashes of their voxels."""


def is_synthetic(ct: CTVolume, image_sha256: str, *, allowed: bool) -> bool:
    """Tell whether a model made a scan, and refuse it if that is not allowed.

    Parameters
    ----------
    ct : CTVolume
        As it was read; its mark counts, and so does a list beside its file, as other
        programs drop the mark.
    image_sha256 : str
        See `fingerprint.hash_ct`.
    allowed : bool
        Whether synthetic scans are wanted.

    Raises
    ------
    InputRefusedError
        If it is synthetic and not allowed.
    """
    synthetic = ct.source.is_synthetic or _is_listed(ct, image_sha256)
    if synthetic and not allowed:
        raise InputRefusedError(
            "this scan is synthetic: a model made it, no scanner measured it, and "
            "models that learn from it would learn from themselves. Add the scan that "
            "it was made from; only `covseg cases add` takes it, with "
            "--allow-synthetic."
        )
    return synthetic


def _is_listed(ct: CTVolume, image_sha256: str) -> bool:
    if not ct.source.paths:
        return False
    try:
        text = Path(ct.source.paths[0]).with_name(WHATIF).read_text("utf-8")
        document: Any = json.loads(text)
        hashes, original = document["files"].values(), document["input"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    # At severity 1 a synthetic file is the scan itself, which was measured.
    return image_sha256 in hashes and image_sha256 != original

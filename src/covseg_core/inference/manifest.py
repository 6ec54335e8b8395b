"""The record of a run that lies beside every mask."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from covseg_core import __version__
from covseg_core.io.nameless import nameless
from covseg_core.severity.opacity import measure_opacity
from covseg_core.transforms.fingerprint import hash_ct, hash_mask
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from covseg_core.inference.config import PredictSettings
    from covseg_core.inference.imagined import WhatIf
    from covseg_core.inference.outliners import Outliner
    from covseg_core.inference.prediction import Prediction
    from covseg_core.inference.uncertainty import Uncertainty
    from covseg_core.registry.card import ModelCard
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = [
    "describe_lungs",
    "describe_run",
    "describe_slice_run",
    "describe_whatif",
    "tells_of",
]

MASK = "mask_sha256"

RECORDED = ("torch", "timm", "numpy", "scipy", "nibabel", "pydicom", "openvino")


def describe_run(
    ct: CTVolume, prediction: Prediction, card: ModelCard, settings: PredictSettings
) -> dict[str, Any]:
    """Describe how a mask of a CT came about, as plain values for JSON.

    Parameters
    ----------
    ct : CTVolume
        What was predicted on; no path and no patient data is recorded.
    prediction : Prediction
        What came out.
    card : ModelCard
        What predicted.
    settings : PredictSettings
        How.
    """
    document = _describe(card, settings) | {
        "input": _input(ct),
        MASK: hash_mask(prediction.lesions),
        "device": prediction.device,
        "engine": prediction.engine,
        "seconds": round(prediction.seconds, 3),
        "volumes_ml": prediction.lesions.volumes_ml,
        "notes": prediction.notes,
    }
    if prediction.uncertainty is not None:
        document["uncertainty"] = prediction.uncertainty.as_dict()
    if prediction.lungs is not None:
        report = measure_opacity(ct, prediction.lesions, prediction.lungs)
        document["opacity"] = report.as_dict()
        document |= describe_lungs(prediction.lungs, prediction.notes)
    return document


def describe_slice_run(
    sha256: str,
    seconds: float,
    outline: Outliner,
    card: ModelCard,
    settings: PredictSettings,
    uncertainty: Uncertainty | None = None,
) -> dict[str, Any]:
    """Describe how the mask of one 8-bit slice came about.

    Parameters
    ----------
    sha256 : str
        Of the slice's pixels.
    seconds : float
        For this slice.
    outline : Outliner
        What ran.
    card : ModelCard
        What predicted.
    settings : PredictSettings
        How.
    uncertainty : Uncertainty, optional
        Of this slice.
    """
    doubt = {} if uncertainty is None else {"uncertainty": uncertainty.as_dict()}
    return _describe(card, settings) | {
        "settings": settings.model_dump(exclude={"smallest_ml"}),
        "input": {"sha256": sha256, "kind": "slice", "is_hu": False},
        "device": outline.device,
        "engine": outline.engine,
        "seconds": round(seconds, 3),
        "volumes_ml": None,
        "notes": (
            "An 8-bit picture has no voxel size: areas and ml are unknown.",
            *outline.notes,
        ),
        **doubt,
    }


def describe_whatif(
    whatif: WhatIf, card: ModelCard, settings: PredictSettings
) -> dict[str, Any]:
    """Describe how synthetic images came about, as plain values for JSON.

    Parameters
    ----------
    whatif : WhatIf
        The scan and what was imagined; no path and no patient data is recorded.
    card : ModelCard
        What imagined.
    settings : PredictSettings
        How.
    """
    return (
        _describe(card, settings)
        | {
            "synthetic": True,
            "input": _input(whatif.ct),
            "device": whatif.device,
            "engine": whatif.engine,
            "seconds": round(whatif.seconds, 3),
            "volumes_ml": whatif.lesions.volumes_ml,
        }
        | describe_lungs(whatif.lungs, whatif.notes)
    )


def describe_lungs(lungs: LungMask, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """Tell which model found the lungs, None if they were given, and all notes."""
    found_by = lungs.source.outlined_by or None
    return {"lungs_found_by": found_by, "notes": (*notes, *lungs.source.notes)}


def tells_of(manifest: dict[str, Any], lesions: LesionMask) -> bool:
    """Tell whether a manifest is of this mask, as far as it says of which one."""
    return MASK not in manifest or manifest[MASK] == hash_mask(lesions)


def _input(ct: CTVolume) -> dict[str, Any]:
    return {
        "sha256": hash_ct(ct),
        "kind": ct.source.kind,
        "is_hu": ct.is_hu,
        "shape_zyx": ct.grid.shape,
        "spacing_mm_zyx": ct.grid.spacing_mm_zyx,
        "notes": nameless(ct).source.notes,
    }


def _describe(card: ModelCard, settings: PredictSettings) -> dict[str, Any]:
    return {
        "warning": RESEARCH_ONLY,
        "covseg": __version__,
        "versions": {"python": platform.python_version()} | _versions(),
        "created_utc": _now(),
        "model": {
            "name": card.name,
            "version": card.version,
            "architecture": card.architecture,
            "weights_sha256": card.weights_sha256,
            "threshold": settings.threshold_for(card),
            "mirrored": card.mirrored,
            "temperature": card.temperature,
            "through_plane_mm": card.through_plane_mm,
            "licence": card.licence,
        },
        "labels": {label.key: label.value for label in card.labels.classes},
        "settings": settings.model_dump(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    found = {}
    for name in RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

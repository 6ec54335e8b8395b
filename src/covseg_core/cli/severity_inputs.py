"""Read what a severity report is made of: a scan, its masks and who drew them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from covseg_core.cli.cases.inputs import read_lesions, read_lungs
from covseg_core.cli.predict_files import manifest_of, read_manifest
from covseg_core.cli.progress import follow
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.lungs import lungs_of
from covseg_core.inference.manifest import tells_of
from covseg_core.inference.predict import predict_ct
from covseg_core.io.dicom.seg import is_dicom_seg, read_dicom_seg
from covseg_core.io.lobes import read_lobes
from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.labels import INFECTION, LESIONS, Lesion
from covseg_core.registry.promotion import promoted
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.reports.severity.facts import words_on_lungs
from covseg_core.severity.regions import lungs_from_lobes
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.volume import CTVolume, LobeMask, LungMask

__all__ = ["Labels", "MaskFiles", "Masks", "collect_masks", "read_infection"]

OTHER_MANIFEST = (
    "the manifest beside the mask tells of another mask, or of this one before it was "
    "changed, so neither what 1 means nor the model was taken from it"
)

Labels: TypeAlias = Literal["lesions", "infection"]


@dataclass(frozen=True)
class MaskFiles:
    """The files of the masks of one scan, None where there is none.

    Parameters
    ----------
    mask, lungs, lobes : Path or None
        Infection, 1 right and 2 left lung, the five lobes.
    labels : {"lesions", "infection"} or None
        What 1 means in `mask`; None looks at the manifest beside it, else at its
        values.
    """

    mask: Path | None = None
    lungs: Path | None = None
    lobes: Path | None = None
    labels: Labels | None = None

    @property
    def paths(self) -> list[Path]:
        """Those that there are."""
        return [
            path for path in (self.mask, self.lungs, self.lobes) if path is not None
        ]


@dataclass(frozen=True, eq=False)
class Masks:
    """The masks of a scan on its grid, and how they came about.

    Parameters
    ----------
    lesions, lungs, lobes : LesionMask, LungMask, LobeMask or None
        On the grid of the scan.
    origin : MaskOrigin or None
        Who drew the lesions; None if that is not known.
    threshold : float or None
        Of the model, if there was one and it is known.
    lungs_words : str
        Where the lungs came from.
    """

    lesions: LesionMask
    lungs: LungMask
    lobes: LobeMask | None
    origin: MaskOrigin | None
    threshold: float | None
    lungs_words: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """A mask of infection, and perhaps the lungs that came with it; see `Masks`."""

    lesions: LesionMask
    origin: MaskOrigin | None
    threshold: float | None = None
    lungs: LungMask | None = None


def collect_masks(
    ct: CTVolume, files: MaskFiles, model: str | None, settings: PredictSettings
) -> Masks:
    """Read the masks of a scan; outline infection and find the lungs if need be.

    Parameters
    ----------
    ct : CTVolume
        The scan.
    files : MaskFiles
        What is there already.
    model : str or None
        Name or path of the model that outlines; the promoted one if None.
    settings : PredictSettings
        How it outlines.

    Raises
    ------
    InputRefusedError
        If a file cannot be used or no lungs are found.
    GeometryError
        If a mask is not of the voxels of the scan.
    ModelRefusedError
        If the model cannot be loaded.
    """
    lobes = None if files.lobes is None else read_lobes(files.lobes, ct.grid)
    lungs, words = _given_lungs(ct, files, lobes)
    if files.mask is None:
        drawn = _outline(ct, lungs, model, settings)
    else:
        drawn = read_infection(files.mask, ct, files.labels)
    if lungs is None:
        lungs = drawn.lungs or follow(lungs_of(ct))
        words = words_on_lungs(lungs)
    return Masks(drawn.lesions, lungs, lobes, drawn.origin, drawn.threshold, words)


def _given_lungs(
    ct: CTVolume, files: MaskFiles, lobes: LobeMask | None
) -> tuple[LungMask | None, str]:
    if files.lungs is not None:
        lungs = read_lungs(files.lungs, ct.grid)
        lungs.require_on(ct)
        return lungs, words_on_lungs(lungs)
    if lobes is not None:
        return lungs_from_lobes(lobes), "joined from the lobes that were given"
    return None, ""


def _outline(
    ct: CTVolume, lungs: LungMask | None, model: str | None, settings: PredictSettings
) -> Drawn:
    loaded = load_model(find_model(model or promoted()))
    made = follow(predict_ct(ct, loaded, settings, lungs=lungs))
    card = loaded.card
    return Drawn(
        made.lesions,
        MaskOrigin("model", card.name, card.weights_sha256),
        settings.threshold_for(card),
        made.lungs,
    )


def read_infection(path: Path, ct: CTVolume, labels: Labels | None) -> Drawn:
    """Read a mask of infection and find out what its values mean.

    Parameters
    ----------
    path : Path
        NIfTI or DICOM SEG.
    ct : CTVolume
        The scan; voxels may be stored in another order.
    labels : {"lesions", "infection"} or None
        What 1 means; None looks at the manifest beside the mask.  Where that does not
        tell and there is no consolidation, 1 is taken for any infection.

    Raises
    ------
    InputRefusedError
        If the file cannot be used.
    GeometryError
        If it is not of the voxels of the scan.
    """
    if is_dicom_seg(path):
        seg = read_dicom_seg(path, ct)
        lesions = read_lesions(path, ct.grid, LESIONS.name)
        return Drawn(lesions, seg.origin, lungs=seg.lungs)
    found = read_manifest(manifest_of(path))
    lesions = read_lesions(path, ct.grid, labels or LESIONS.name)
    lesions.require_on(ct)
    manifest = found if tells_of(found, lesions) else {}
    said = tuple(manifest.get("labels", ()))
    if labels is None and said == INFECTION.keys:
        lesions = read_lesions(path, ct.grid, INFECTION.name)
    is_told = labels is not None or bool(said)
    if not is_told and not (lesions.labels == Lesion.CONSOLIDATION).any():
        # Nothing tells whether 1 is ground glass, but it is infection at any rate.
        ones = np.minimum(lesions.labels, np.uint8(1))
        lesions = replace(lesions, labels=ones, label_set=INFECTION)
    if found and not manifest:
        notes = (*lesions.source.notes, OTHER_MANIFEST)
        lesions = replace(lesions, source=replace(lesions.source, notes=notes))
    origin, threshold = _origin_in(manifest, ct, lesions)
    return Drawn(lesions, origin, threshold)


def _origin_in(
    manifest: dict[str, Any], ct: CTVolume, lesions: LesionMask
) -> tuple[MaskOrigin | None, float | None]:
    """Believe a manifest only where scan and volumes are those that it tells of."""
    with suppress(KeyError, TypeError, ValueError):
        told, found = manifest["volumes_ml"], lesions.volumes_ml
        same = manifest["input"]["sha256"] == hash_ct(ct) and set(told) == set(found)
        if same and all(np.isclose(told[key], found[key]) for key in found):
            model = manifest["model"]
            origin = MaskOrigin("model", model["name"], model["weights_sha256"])
            return origin, float(model["threshold"])
    return None, None

"""Read the collections that the bundled models are trained on, as downloaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from covseg_core.io.images import read_slice
from covseg_core.io.nifti import read_nifti_ct, read_nifti_labels
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.volume import CTVolume, LabelVolume, LesionMask, LungMask

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Case",
    "dealt",
    "healthy_case",
    "labelled_slices",
    "medseg_case",
    "patient_of",
]

MEDSEG_CASES = ("01", "02", "03", "05", "06", "08")
ONE_PATIENT = ("medseg-02", "medseg-03")
"""Two scans that show the same chest."""
HEALTHY_CASES = ("101", "102", "103", "104")


@dataclass(frozen=True)
class Case:
    """One patient with true lesions and lungs; these are None for a picture."""

    name: str
    ct: CTVolume
    lesions: LesionMask
    lungs: LungMask | None


def medseg_case(data: Path, number: str) -> Case:
    """Read a MedSeg volume; its HU are an 8-bit window mapped back."""
    stem = data / "volumes" / f"medseg_{number}"
    ct = replace(read_nifti_ct(stem.with_name(f"{stem.name}_ct.nii.gz")), is_hu=True)
    classes = stem.with_name(f"{stem.name}_classes.nii.gz")
    lesions = read_nifti_labels(classes, LESIONS, allow_unknown=True)
    lungs = stem.with_name(f"{stem.name}_lung.nii.gz")
    return Case(f"medseg {number}", ct, _lesions(lesions), _lungs(lungs))


def healthy_case(data: Path, number: str) -> Case:
    """Read a scan of the LCTSC collection, which has no infection."""
    stem = data / "lungs" / f"lctsc_{number}"
    ct = read_nifti_ct(stem.with_name(f"{stem.name}_ct.nii.gz"))
    lungs = _lungs(stem.with_name(f"{stem.name}_lung.nii.gz"))
    return Case(
        f"lctsc {number}", ct, LesionMask(np.zeros_like(lungs.labels), ct.grid), lungs
    )


def labelled_slices(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the 50 training slices of Inf-Net: 8-bit pictures and their classes."""
    images = sorted((data / "slices_labelled" / "images").glob("*.png"))
    return [
        (
            read_slice(image).grey,
            np.array(Image.open(image.parents[1] / "masks" / image.name)),
        )
        for image in images
    ]


def patient_of(name: str) -> str:
    """Name the patient of a labelled case; a picture's is not known."""
    return ONE_PATIENT[0] if name in ONE_PATIENT else name


def dealt(folds: int) -> list[tuple[str, ...]]:
    """Deal the MedSeg volumes to folds in turn, all scans of a patient to one."""
    scans = {number: patient_of(f"medseg-{number}") for number in MEDSEG_CASES}
    patients = list(dict.fromkeys(scans.values()))
    return [
        tuple(
            number
            for number, patient in scans.items()
            if patients.index(patient) % folds == fold
        )
        for fold in range(folds)
    ]


def _lesions(mask: LabelVolume) -> LesionMask:
    return LesionMask(mask.labels, mask.grid)


def _lungs(path: Path) -> LungMask:
    """Read a mask of both lungs as one class; training needs only its box."""
    mask = read_nifti_labels(path, INFECTION)
    return LungMask(mask.labels, mask.grid, LUNGS)

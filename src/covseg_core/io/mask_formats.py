"""The formats that masks are written in, for the command line and the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from covseg_core.io.mask_origin import TracedMask
    from covseg_core.volume import CTVolume, Source

    Write: TypeAlias = Callable[[Path, CTVolume, Sequence[TracedMask]], None]

__all__ = ["FORMATS", "FormatName", "MaskFormat", "stem_of"]

FormatName: TypeAlias = Literal[
    "nifti", "dicom-seg", "dicom-seg-labelmap", "nrrd", "rtstruct"
]


@dataclass(frozen=True)
class MaskFormat:
    """One way to write masks.

    Parameters
    ----------
    name : str
        As on the command line.
    title : str
        As in a window.
    help : str
        Who reads it, in one sentence.
    suffix : str
        How its files end.
    write : callable
        Writes masks of a CT to a path.
    needs_dicom : bool
        Whether the CT must have been read from DICOM.
    holds_several : bool
        Whether one file may hold infection and lungs together.
    """

    name: FormatName
    title: str
    help: str
    suffix: str
    write: Write
    needs_dicom: bool = False
    holds_several: bool = True

    def require_for(self, source: Source, masks: int = 1) -> None:
        """Raise `UsageError` if so many masks of such a CT cannot be written so."""
        if self.needs_dicom:
            from covseg_core.io.dicom.source_series import require_dicom

            require_dicom(source)
        if masks > 1 and not self.holds_several:
            raise UsageError(
                f"a {self.title} file holds one mask, not {masks}; write each into a "
                "file of its own, or choose another format."
            )

    def takes(self, path: Path) -> bool:
        """Whether a path ends like this format's files."""
        return path.name.lower().endswith(self.suffix)


def _write_nifti(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    from covseg_core.io.nifti import write_nifti_labels

    (traced,) = masks
    write_nifti_labels(path, traced.mask)


def _write_dicom_seg(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    from covseg_core.io.dicom.seg_write import write_dicom_seg

    write_dicom_seg(path, ct, masks)


def _write_label_map(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    from covseg_core.io.dicom.seg_write import write_dicom_seg

    write_dicom_seg(path, ct, masks, kind="LABELMAP")


def _write_nrrd(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    from covseg_core.io.nrrd import write_seg_nrrd

    write_seg_nrrd(path, [traced.mask for traced in masks])


def _write_rtstruct(path: Path, ct: CTVolume, masks: Sequence[TracedMask]) -> None:
    from covseg_core.io.dicom.rtstruct import write_rtstruct

    write_rtstruct(path, ct, masks)


FORMATS: dict[FormatName, MaskFormat] = {
    each.name: each
    for each in (
        MaskFormat(
            "nifti",
            "NIfTI",
            "For research programs, ITK-SNAP and CovSeg itself.",
            ".nii.gz",
            _write_nifti,
            holds_several=False,
        ),
        MaskFormat(
            "dicom-seg",
            "DICOM segmentation",
            "For a PACS: belongs to the series of the scan and names its patient.",
            ".dcm",
            _write_dicom_seg,
            needs_dicom=True,
        ),
        MaskFormat(
            "dicom-seg-labelmap",
            "DICOM label map",
            "The newer kind of DICOM segmentation, of 2024; few programs read it yet.",
            ".dcm",
            _write_label_map,
            needs_dicom=True,
            holds_several=False,
        ),
        MaskFormat(
            "nrrd",
            "NRRD for 3D Slicer",
            "Opens in 3D Slicer as a segmentation with names and colours.",
            ".seg.nrrd",
            _write_nrrd,
        ),
        MaskFormat(
            "rtstruct",
            "DICOM contours (RTSTRUCT)",
            "For programs that read contours; names the patient of the scan.",
            ".dcm",
            _write_rtstruct,
            needs_dicom=True,
        ),
    )
}


def stem_of(name: str) -> str:
    """Take the suffix of a scan, picture or mask off a file name."""
    for suffix in (".nii.gz", ".seg.nrrd", ".nii", ".png", ".dcm"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name

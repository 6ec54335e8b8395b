"""`covseg sample`: the sample chest CT with its true masks."""

from __future__ import annotations

from pathlib import Path

from covseg_core.cli.output import make_folder, say
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.phantom import PhantomSettings, make_phantom

__all__ = ["sample"]


def sample(folder: Path, /, *, healthy: bool = False) -> None:
    """Write the sample chest CT with its true masks.

    The CT is computed, not a patient's: a DICOM series in `folder`/dicom, the same
    as ct.nii.gz, and the true lungs and lesions as lungs.nii.gz and lesions.nii.gz.

    Parameters
    ----------
    folder
        Where to write.
    healthy
        Leave the lesions out.
    """
    make_folder(folder)
    phantom = make_phantom(PhantomSettings(healthy=healthy))
    write_dicom_series(phantom.ct, folder / "dicom")
    write_nifti_ct(folder / "ct.nii.gz", phantom.ct)
    write_nifti_labels(folder / "lesions.nii.gz", phantom.lesions)
    write_nifti_labels(folder / "lungs.nii.gz", phantom.lungs)
    for key, volume in phantom.volumes_ml.items():
        say(f"{key:16}{volume:9.2f} ml")
    say(f"wrote {folder}")

"""`covseg sample`: the sample chest CT with its true masks."""

from __future__ import annotations

from filecmp import cmp
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from covseg_core.cli.output import make_folder, say
from covseg_core.errors import UsageError
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.phantom import PhantomSettings, make_phantom

if TYPE_CHECKING:
    from covseg_core.phantom import Phantom

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
    if any(folder.iterdir()):
        _refuse_replacing(folder, phantom)
    _write(folder, phantom)
    for key, volume in phantom.volumes_ml.items():
        say(f"{key:16}{volume:9.2f} ml")
    say(f"wrote {folder}")


def _write(folder: Path, phantom: Phantom) -> None:
    write_dicom_series(phantom.ct, folder / "dicom")
    write_nifti_ct(folder / "ct.nii.gz", phantom.ct)
    write_nifti_labels(folder / "lesions.nii.gz", phantom.lesions)
    write_nifti_labels(folder / "lungs.nii.gz", phantom.lungs)


def _refuse_replacing(folder: Path, phantom: Phantom) -> None:
    """Raise `UsageError` if a file of the sample's name is not of this sample."""
    with TemporaryDirectory() as elsewhere:
        _write(Path(elsewhere), phantom)
        for path in sorted(Path(elsewhere).rglob("*.*")):
            name = path.relative_to(elsewhere)
            there = folder / name
            if there.exists() and not cmp(path, there, shallow=False):
                raise UsageError(
                    f"'{name.as_posix()}' is there already and is not of this sample; "
                    "give another folder."
                )

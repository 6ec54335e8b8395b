from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cli import sample as module
from covseg_core.io import read_ct
from covseg_core.io.nifti import read_nifti_labels
from covseg_core.labels import LESIONS, LUNGS
from covseg_core.phantom import PhantomSettings, make_phantom


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """The same chest on few voxels, so that the test is quick."""

    def make(settings):
        small = {"slices": 24, "slice_mm": 10.0, "pixels": 96, "pixel_mm": 3.8}
        return make_phantom(PhantomSettings(**(settings.model_dump() | small)))

    monkeypatch.setattr(module, "make_phantom", make)


def test_the_sample_is_the_same_scan_as_dicom_and_as_nifti(covseg, tmp_path):
    answer = covseg("sample", tmp_path / "new" / "sample")
    assert answer.code == 0
    folder = tmp_path / "new" / "sample"
    assert {path.name for path in folder.iterdir()} == {
        "dicom",
        "ct.nii.gz",
        "lesions.nii.gz",
        "lungs.nii.gz",
    }
    dicom, nifti = read_ct(folder / "dicom"), read_ct(folder / "ct.nii.gz")
    np.testing.assert_array_equal(dicom.hu, nifti.hu)
    assert dicom.grid.matches(nifti.grid)
    lesions = read_nifti_labels(folder / "lesions.nii.gz", LESIONS)
    lungs = read_nifti_labels(folder / "lungs.nii.gz", LUNGS)
    lesions.require_on(nifti)
    lungs.require_on(nifti)
    for key, volume in (lesions.volumes_ml | lungs.volumes_ml).items():
        (line,) = (line for line in answer.out.splitlines() if line.startswith(key))
        assert float(line.split()[1]) == pytest.approx(volume, abs=0.006)
        assert volume > 0


def test_a_healthy_sample_has_no_lesions(covseg, tmp_path):
    answer = covseg("sample", tmp_path, "--healthy")
    assert "ggo                  0.00 ml" in answer.out
    mask = read_nifti_labels(tmp_path / "lesions.nii.gz", LESIONS)
    assert not mask.labels.any()


def test_files_of_the_user_are_not_replaced(covseg, refused, tmp_path):
    for name in ("ct.nii.gz", "lesions.nii.gz", "lungs.nii.gz", "dicom/slice_0002.dcm"):
        folder = tmp_path / name.replace("/", "_")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("of a patient")
        line = refused(2, "sample", folder)
        assert f"'{name}' is there already" in line
        assert (folder / name).read_text() == "of a patient"
        assert [path for path in folder.rglob("*") if path.is_file()] == [folder / name]


def test_the_same_sample_may_be_written_again(covseg, refused, tmp_path):
    assert covseg("sample", tmp_path).code == 0
    assert covseg("sample", tmp_path).code == 0
    assert "'ct.nii.gz' is there" in refused(2, "sample", tmp_path, "--healthy")


def test_a_folder_that_cannot_be_made_is_told(refused, tmp_path):
    (tmp_path / "file").touch()
    line = refused(1, "sample", tmp_path / "file")
    assert "the folder 'file' could not be made" in line

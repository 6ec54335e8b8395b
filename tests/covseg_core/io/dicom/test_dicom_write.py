"""A written series is valid, anonymous and holds the same voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import GeometryError, OutputError, UsageError
from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom import write as dicom_write
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.volume import CTVolume, Grid


def test_files_are_returned_in_slice_order(chest, tmp_path):
    paths = write_dicom_series(chest, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [f"slice_{n:04d}.dcm" for n in range(1, 11)]
    heights = [dcmread(path).ImagePositionPatient[2] for path in paths]
    assert heights == [30.0 + 2 * n for n in range(10)]


def test_padding_survives(chest, tmp_path):
    padding = np.zeros(chest.grid.shape, dtype=bool)
    padding[:, :4] = True
    write_dicom_series(replace(chest, padding=padding), tmp_path)
    ct = read_dicom(tmp_path)
    assert np.array_equal(ct.padding, padding)
    assert np.array_equal(ct.hu[~padding], np.rint(chest.hu)[~padding])


def test_nobody_is_named(chest, tmp_path):
    source = replace(chest.source, paths=("/home/doe/1.dcm",), series_uid="1.2.3")
    path, *_ = write_dicom_series(replace(chest, source=source), tmp_path)
    dataset = dcmread(path)
    assert dataset.PatientName == dataset.PatientID == "Anonymous"
    assert dataset.PatientBirthDate == dataset.StudyDate == ""
    assert dataset.SeriesInstanceUID != "1.2.3"
    assert b"doe" not in path.read_bytes()


def test_equal_volumes_get_equal_files(chest, tmp_path):
    first, *_ = write_dicom_series(chest, tmp_path / "a")
    second, *_ = write_dicom_series(chest, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_other_volumes_get_other_uids(chest, tmp_path):
    first, *_ = write_dicom_series(chest, tmp_path / "a")
    second, *_ = write_dicom_series(
        CTVolume(chest.hu + 1, chest.grid), tmp_path / "b", series_description="other"
    )
    one, two = dcmread(first), dcmread(second)
    assert one.SeriesInstanceUID != two.SeriesInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert two.SeriesDescription == "other"


def test_slices_have_uids_of_their_own(chest, tmp_path):
    paths = write_dicom_series(chest, tmp_path)
    assert len({dcmread(path).SOPInstanceUID for path in paths}) == 10


def test_writing_again_replaces_the_files(chest, tmp_path):
    write_dicom_series(chest, tmp_path)
    write_dicom_series(CTVolume(chest.hu + 7, chest.grid), tmp_path)
    assert np.array_equal(read_dicom(tmp_path).hu, np.rint(chest.hu + 7))


def test_folder_with_other_files_is_refused(chest, tmp_path):
    (tmp_path / "slice_0099.dcm").touch()
    with pytest.raises(OutputError, match="holds 1 other files"):
        write_dicom_series(chest, tmp_path)


def test_folder_that_is_a_file_is_refused(chest, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="folder out cannot be made"):
        write_dicom_series(chest, tmp_path / "out")


def test_sheared_grid_is_refused(chest, tmp_path):
    affine = np.array(chest.grid.affine_lps)
    affine[1, 2] = 0.5
    sheared = CTVolume(chest.hu, Grid(chest.hu.shape, affine))
    with pytest.raises(GeometryError, match="no right angles"):
        write_dicom_series(sheared, tmp_path)


def test_grey_levels_are_refused(chest, tmp_path):
    with pytest.raises(UsageError, match="grey levels"):
        write_dicom_series(replace(chest, is_hu=False), tmp_path)


@pytest.mark.parametrize("extreme", [40000, -40000, np.nan])
def test_hu_beyond_sixteen_bits_are_refused(chest, tmp_path, extreme):
    hu = chest.hu.copy()
    hu[0, 0, 0] = extreme
    with pytest.raises(UsageError, match="do not fit into the 16 bits"):
        write_dicom_series(CTVolume(hu, chest.grid), tmp_path)
    assert not list(tmp_path.iterdir())


def test_file_that_reads_back_differently_is_not_kept(chest, tmp_path, monkeypatch):
    def save_wrongly(dataset, path):
        spoiled = type(dataset)()
        spoiled.update(dataset)
        del spoiled.PixelData
        spoiled.PixelData = bytes(len(dataset.PixelData))
        save(spoiled, path)

    save = dicom_write._save
    monkeypatch.setattr(dicom_write, "_save", save_wrongly)
    with pytest.raises(OutputError, match="slice 1 was read back differently"):
        write_dicom_series(chest, tmp_path)
    assert not list(tmp_path.iterdir())


def test_standard_is_kept_in_the_elements_that_readers_need(chest, tmp_path):
    path, *_ = write_dicom_series(chest, tmp_path)
    dataset = dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert (dataset.RescaleSlope, dataset.RescaleIntercept) == (1, -1024)
    assert list(dataset.PixelSpacing) == [0.7, 0.8]
    assert list(dataset.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
    assert dataset.pixel_array.dtype == np.int16


def test_a_synthetic_scan_is_known_again(blocks, tmp_path):
    source = replace(blocks.ct.source, is_synthetic=True)
    write_dicom_series(replace(blocks.ct, source=source), tmp_path / "made")
    found = read_dicom(tmp_path / "made").source
    assert found.is_synthetic
    assert any("no scanner measured" in note for note in found.notes)
    write_dicom_series(blocks.ct, tmp_path / "measured")
    assert not read_dicom(tmp_path / "measured").source.is_synthetic

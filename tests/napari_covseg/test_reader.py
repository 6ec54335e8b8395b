from __future__ import annotations

import shutil

import nibabel as nib
import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from covseg_core.errors import InputRefusedError, SeriesChoiceError
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.labels import INFECTION, LESIONS, LUNGS
from covseg_core.volume import CTVolume, Grid
from napari_covseg import _reader
from napari_covseg._convert import facts_of
from napari_covseg._reader import get_reader


@pytest.fixture
def in_viewer(monkeypatch):
    """As if napari had called the reader."""
    monkeypatch.setattr(_reader, "current_viewer", lambda: object())


@pytest.fixture
def nifti(phantom, tmp_path):
    path = tmp_path / "chest.nii.gz"
    write_nifti_ct(path, phantom.ct)
    return path


@pytest.fixture
def dicom(phantom, tmp_path):
    folder = tmp_path / "Muster^Erika"
    write_dicom_series(phantom.ct, folder)
    return folder


def read(path):
    return get_reader(str(path))(str(path))


def test_nifti_scan_becomes_an_image_named_after_its_file(nifti, phantom):
    ((data, arguments, kind),) = read(nifti)
    assert kind == "image"
    assert arguments["name"] == "chest"
    np.testing.assert_array_equal(data, phantom.ct.hu)


def test_dicom_folder_becomes_an_image_whose_name_tells_no_patient(dicom, phantom):
    ((data, arguments, kind),) = read(dicom)
    assert kind == "image"
    assert arguments["name"] == "CT"
    np.testing.assert_array_equal(data, phantom.ct.hu)
    assert arguments["scale"] == pytest.approx((8.0, 5.0, 2.5))


def test_one_file_stands_for_its_series(dicom, phantom):
    ((data, _, _),) = read(dicom / "slice_0003.dcm")
    assert data.shape == phantom.grid.shape


def test_files_of_one_folder_are_one_series(dicom, phantom):
    paths = [str(path) for path in sorted(dicom.iterdir())]
    ((data, _, _),) = get_reader(paths)(paths)
    assert data.shape == phantom.grid.shape


@pytest.mark.parametrize(
    ("name", "label_set"),
    [
        ("case_classes", LESIONS),
        ("case_infection", INFECTION),
        ("case_lung", LUNGS),
    ],
)
def test_nifti_mask_becomes_labels(phantom, tmp_path, name, label_set):
    mask = phantom.lungs if label_set is LUNGS else phantom.lesions
    if label_set is INFECTION:
        mask = type(mask)((mask.labels > 0).astype(np.uint8), mask.grid, INFECTION)
    write_nifti_labels(tmp_path / f"{name}.nii.gz", mask)
    ((data, arguments, kind),) = read(tmp_path / f"{name}.nii.gz")
    assert kind == "labels"
    assert facts_of(arguments["metadata"]).label_set == label_set
    np.testing.assert_array_equal(data, mask.labels)


def test_empty_mask_becomes_labels(phantom, tmp_path):
    mask = type(phantom.lesions)(np.zeros_like(phantom.lesions.labels), phantom.grid)
    write_nifti_labels(tmp_path / "empty.nii.gz", mask)
    ((data, _, kind),) = read(tmp_path / "empty.nii.gz")
    assert kind == "labels"
    assert not data.any()


def test_picture_of_many_greys_is_no_mask(tmp_path):
    greys = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8)
    nib.save(nib.Nifti1Image(greys, np.eye(4)), tmp_path / "picture.nii")
    ((_, arguments, kind),) = read(tmp_path / "picture.nii")
    assert kind == "image"
    assert not facts_of(arguments["metadata"]).is_hu


def test_mask_of_other_classes_is_refused_by_name(tmp_path):
    lobes = np.arange(4 * 8 * 8).reshape(4, 8, 8) % 6
    image = nib.Nifti1Image(lobes.astype(np.uint8), np.eye(4))
    nib.save(image, tmp_path / "lobes.nii")
    with pytest.raises(InputRefusedError, match=r"lobes\.nii.*values 4;"):
        read(tmp_path / "lobes.nii")


def test_folder_without_dicom_is_left_to_other_plugins(tmp_path):
    (tmp_path / "notes.txt").write_text("no scan here")
    assert get_reader(str(tmp_path)) is None


def test_dicom_without_suffix_is_known_by_its_content(dicom, tmp_path):
    (tmp_path / "study").mkdir()
    shutil.move(dicom, tmp_path / "study" / "series")
    for path in (tmp_path / "study" / "series").iterdir():
        path.rename(path.with_suffix(""))
    assert get_reader(str(tmp_path / "study")) is not None


@pytest.mark.parametrize(
    "path",
    ["", "nowhere.nii.gz", "https://example.org/scan.dcm", "a\0b.nii", [], "scan.png"],
)
def test_what_is_not_ours_is_left_to_other_plugins(path):
    assert get_reader(path) is None


def test_quick_look_reads_no_voxels(nifti, dicom, monkeypatch):
    monkeypatch.setattr(_reader, "open_path", None)
    assert get_reader(str(nifti)) is not None
    assert get_reader(str(dicom)) is not None


def test_refused_scan_is_told_in_the_viewer_and_opens_nothing(
    nifti, tmp_path, in_viewer
):
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(nifti.read_bytes()[:2000])
    assert read(cut) == [(None,)]
    assert notification_manager.records[-1].message.startswith("cut.nii.gz")


def test_refused_scan_raises_where_there_is_no_viewer(nifti, tmp_path):
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(nifti.read_bytes()[:2000])
    with pytest.raises(InputRefusedError, match=r"cut\.nii\.gz"):
        read(cut)


def test_what_was_odd_about_a_scan_is_told(tmp_path):
    hu = np.full((4, 8, 8), -500, np.float32)
    hu[0, 0, 0] = np.nan
    nib.save(nib.Nifti1Image(hu, np.eye(4)), tmp_path / "holes.nii")
    read(tmp_path / "holes.nii")
    assert "1 voxels were NaN" in notification_manager.records[-1].message


class TestSeveralSeries:
    @pytest.fixture
    def several(self, phantom, tmp_path):
        folder = tmp_path / "several"
        thin = CTVolume(phantom.ct.hu[:6], Grid((6, 48, 112), phantom.grid.affine_lps))
        write_dicom_series(phantom.ct, folder / "a", series_description="Lung")
        write_dicom_series(thin, folder / "b", series_description="Scout")
        return folder

    def test_the_user_is_asked_which_one(self, several, in_viewer, monkeypatch):
        asked = []

        def choose(series):
            asked.extend(series)
            return min(series, key=lambda each: each.slices).series_uid

        monkeypatch.setattr(_reader, "choose_series", choose)
        ((data, _, _),) = read(several)
        assert sorted(each.slices for each in asked) == [6, 20]
        assert len(data) == 6

    def test_nothing_opens_when_the_user_cancels(self, several, in_viewer, monkeypatch):
        monkeypatch.setattr(_reader, "choose_series", lambda series: None)
        assert read(several) == [(None,)]

    def test_without_a_viewer_nobody_can_be_asked(self, several):
        with pytest.raises(SeriesChoiceError):
            read(several)


def test_napari_opens_a_scan_with_this_reader(make_napari_viewer, nifti):
    viewer = make_napari_viewer()
    (layer,) = viewer.open(nifti, plugin="napari-covseg")
    assert layer.name == "chest"


def test_napari_survives_a_refused_scan(make_napari_viewer, nifti, tmp_path):
    viewer = make_napari_viewer()
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(nifti.read_bytes()[:2000])
    assert viewer.open(cut, plugin="napari-covseg") == []
    assert notification_manager.records[-1].message.startswith("cut.nii.gz")

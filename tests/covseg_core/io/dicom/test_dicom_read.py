"""What comes in odd but sound is loaded, with the same voxels in the same place."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from covseg_core.errors import (
    GeometryError,
)
from covseg_core.io.dicom import read_dicom
from covseg_core.volume import CTVolume, Grid


def require_same_voxels(found: CTVolume, wanted: CTVolume) -> None:
    """Equal HU at equal world positions, whatever the order of the axes."""
    index = np.argwhere(np.ones(wanted.grid.shape, dtype=bool))
    world = wanted.grid.world_mm(index)
    inverse = np.linalg.inv(found.grid.affine_lps)
    xyz = world @ inverse[:3, :3].T + inverse[:3, 3]
    zyx = np.rint(xyz[:, ::-1]).astype(int)
    assert np.abs(found.grid.world_mm(zyx) - world).max() < 0.02
    assert np.array_equal(found.hu[tuple(zyx.T)], np.rint(wanted.hu).ravel())


def test_series_is_read_in_hu_on_its_grid(series, chest):
    ct = read_dicom(series)
    assert ct.hu.dtype == np.float32
    assert ct.is_hu
    assert ct.padding is None
    assert np.array_equal(ct.hu, np.rint(chest.hu))
    assert ct.grid.matches(chest.grid)


def test_source_tells_where_the_volume_came_from(series):
    source = read_dicom(series).source
    first = dcmread(series / "slice_0001.dcm")
    assert source.kind == "dicom"
    assert source.series_uid == first.SeriesInstanceUID
    assert [path[-14:] for path in source.paths] == [
        f"slice_{number:04d}.dcm"[-14:] for number in range(1, 11)
    ]
    assert source.ignored == source.notes == ()
    assert dict(source.details) == {
        "modality": "CT",
        "window_centre": -600.0,
        "window_width": 1500.0,
        "windows": ((-600.0, 1500.0, ""),),
        "slice_thickness_mm": 2.0,
    }


def test_every_window_of_the_header_comes_with_its_words(series, edit_all):
    edit_all(
        series,
        WindowCenter=[-600, 40],
        WindowWidth=[1500, 400],
        WindowCenterWidthExplanation=["LUNG", "MEDIASTINUM"],
    )
    assert read_dicom(series).source.details["windows"] == (
        (-600.0, 1500.0, "LUNG"),
        (40.0, 400.0, "MEDIASTINUM"),
    )


def test_windows_without_words_or_width_do_no_harm(series, edit_all):
    edit_all(series, WindowCenter=[-600, 40, 300], WindowWidth=[1500, 0, 2000])
    found = read_dicom(series).source.details["windows"]
    assert found == ((-600.0, 1500.0, ""), (300.0, 2000.0, ""))


def test_no_patient_data_comes_out(series, edit_all):
    edit_all(
        series,
        PatientName="Doe^Jane",
        PatientID="4711",
        PatientBirthDate="19500101",
        SeriesDescription="Thorax Doe",
    )
    told = repr(read_dicom(series).source)
    assert not re.search("Doe|4711|1950", told)


def test_names_do_not_decide_the_order(series, chest):
    names = np.random.default_rng(5).permutation(10)
    for number, path in zip(names, sorted(series.iterdir()), strict=True):
        path.rename(series / f"IM{number}")
    require_same_voxels(read_dicom(series), chest)


def test_subfolders_are_searched(series, chest):
    (series / "a" / "b").mkdir(parents=True)
    for number in range(1, 6):
        name = f"slice_{number:04d}.dcm"
        (series / name).rename(series / "a" / "b" / name)
    require_same_voxels(read_dicom(series), chest)


def test_junk_is_ignored_and_listed(series, chest):
    (series / "junk.txt").write_text("not an image")
    (series / "empty.dcm").touch()
    (series / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    ct = read_dicom(series)
    require_same_voxels(ct, chest)
    assert ct.source.ignored == (
        "empty.dcm: empty file",
        "junk.txt: not DICOM",
        "picture.png: not DICOM",
    )


def test_other_dicom_objects_are_ignored_and_listed(series, chest, other_object):
    other_object(series / "a_rt.dcm", RTStructureSetStorage, "RTSTRUCT")
    other_object(series / "b_sr.dcm", EnhancedSRStorage, "SR")
    other_object(series / "c_sc.dcm", SecondaryCaptureImageStorage, "CT", Rows=8)
    other_object(series / "d_pdf.dcm", EncapsulatedPDFStorage, "DOC")
    ct = read_dicom(series)
    require_same_voxels(ct, chest)
    assert ct.source.ignored == (
        "a_rt.dcm: RT Structure Set Storage, not a CT image",
        "b_sr.dcm: Enhanced SR Storage, not a CT image",
        "c_sc.dcm: Secondary Capture Image Storage, not a CT image",
        "d_pdf.dcm: Encapsulated PDF Storage, not a CT image",
    )


def test_screen_save_of_ct_class_is_ignored(series, edit):
    saved = series / "zz_screen.dcm"
    shutil.copy(series / "slice_0001.dcm", saved)
    edit(saved, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    ct = read_dicom(series)
    assert ct.hu.shape[0] == 10
    assert ct.source.ignored == ("zz_screen.dcm: screen save",)


def test_instance_numbers_may_be_missing(series, edit_all, chest):
    edit_all(series, InstanceNumber=None)
    require_same_voxels(read_dicom(series), chest)


def test_spacing_between_slices_tag_is_not_believed(series, edit_all, chest):
    edit_all(series, SpacingBetweenSlices=7)
    assert read_dicom(series).grid.spacing_mm_zyx == chest.grid.spacing_mm_zyx


def test_row_spacing_comes_first(series, edit_all):
    edit_all(series, PixelSpacing=[0.5, 0.9])
    assert read_dicom(series).grid.spacing_mm_zyx == (2.0, 0.5, 0.9)


def test_jitter_of_eight_micrometres_is_harmless(series, edit, chest):
    rng = np.random.default_rng(8)
    for path in sorted(series.iterdir()):
        position = np.array(dcmread(path).ImagePositionPatient, dtype=float)
        jittered = position + rng.uniform(-0.008, 0.008, 3)
        edit(path, ImagePositionPatient=[round(mm, 6) for mm in jittered])
    ct = read_dicom(series)
    require_same_voxels(ct, chest)
    assert not ct.grid.is_sheared


def test_positions_with_one_decimal_are_even(write_series, chest, edit):
    thin = CTVolume(chest.hu, Grid.from_spacing(chest.hu.shape, (0.625, 0.7, 0.8)))
    folder = write_series(thin)
    for path in sorted(folder.iterdir()):
        x, y, z = dcmread(path).ImagePositionPatient
        edit(path, ImagePositionPatient=[x, y, round(float(z), 1)])
    assert read_dicom(folder).grid.spacing_mm_zyx[0] == pytest.approx(0.625, abs=0.01)


AXES = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "negated": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "transposed": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    "prone, feet first": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "oblique": ((0.8, 0.6, 0), (-0.6, 0.8, 0), (0, 0, 1)),
    "left-handed": ((1, 0, 0), (0, 1, 0), (0, 0, -1)),
}


@pytest.mark.parametrize("name", AXES)
def test_every_orientation_keeps_world_voxels(name, chest, write_series):
    affine = np.eye(4)
    z, y, x = chest.grid.spacing_mm_zyx
    affine[:3, :3] = np.transpose(AXES[name]) * (x, y, z)
    affine[:3, 3] = (3.0, -5.0, 7.0)
    turned = CTVolume(chest.hu, Grid(chest.hu.shape, affine))
    ct = read_dicom(write_series(turned))
    require_same_voxels(ct, turned)
    assert np.linalg.det(ct.grid.affine_lps[:3, :3]) > 0


def test_independent_reader_finds_the_same_grid(series, chest):
    highdicom = pytest.importorskip("highdicom")
    files = [dcmread(path) for path in sorted(series.iterdir())]
    theirs = highdicom.get_volume_from_series(files)
    ours = read_dicom(series)
    corner = theirs.map_indices_to_reference(np.array([[4, 5, 6]]))[0]
    index = np.linalg.inv(ours.grid.affine_lps) @ (*corner, 1.0)
    x, y, z = np.rint(index[:3]).astype(int)
    assert np.abs(ours.grid.world_mm((z, y, x)) - corner).max() < 1e-6
    assert theirs.array[4, 5, 6] == ours.hu[z, y, x]


def test_single_slice_takes_its_thickness_and_says_so(series, tmp_path, chest):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(series / "slice_0003.dcm", alone / "one")
    ct = read_dicom(alone)
    assert ct.hu.shape == (1, 36, 40)
    assert ct.grid.spacing_mm_zyx == chest.grid.spacing_mm_zyx
    assert ct.source.notes == (
        "a single slice; its thickness of 2 mm is from the header",
    )


def test_equal_copies_are_dropped_with_a_note(series, chest):
    shutil.copy(series / "slice_0002.dcm", series / "slice_0002 (copy).dcm")
    ct = read_dicom(series)
    require_same_voxels(ct, chest)
    assert len(ct.source.notes) == 1
    assert "1 slices were there twice: slice_0002" in ct.source.notes[0]


def test_same_position_with_other_pixels_is_refused(series, edit):
    twin = series / "twin.dcm"
    shutil.copy(series / "slice_0002.dcm", twin)
    pixels = dcmread(series / "slice_0005.dcm").PixelData
    edit(twin, PixelData=pixels, SOPInstanceUID=generate_uid())
    with pytest.raises(
        GeometryError,
        match=r"slice_0002.dcm and twin.dcm lie .* \(-11.5, -20.2, 32.0\) mm but",
    ):
        read_dicom(series)


def test_two_phases_in_one_series_are_refused(series, chest, write_series, edit_all):
    late = write_series(CTVolume(chest.hu + 40, chest.grid), "late")
    edit_all(
        late, SeriesInstanceUID=dcmread(series / "slice_0001.dcm").SeriesInstanceUID
    )
    edit_all(late, FrameOfReferenceUID=None)
    for path in late.iterdir():
        path.rename(series / f"late_{path.name}")
    with pytest.raises(GeometryError, match="10 positions hold two images"):
        read_dicom(series)


def test_real_series_is_upright_and_in_hu(real_ct):
    ct = read_dicom(real_ct / "dicom_siemens_8mm")
    assert ct.hu.shape == (30, 512, 512)
    assert ct.grid.spacing_mm_zyx == pytest.approx((8.0, 0.646484375, 0.646484375))
    assert ct.hu.mean() == pytest.approx(-536.1, abs=0.1)
    assert np.array_equal(ct.grid.direction_lps, np.eye(3))
    # The table, denser than air, lies behind the patient.
    assert ct.hu[:, -40:].mean() > ct.hu[:, :40].mean()

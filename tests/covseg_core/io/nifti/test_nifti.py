from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from covseg_core.errors import GeometryError, OutputError, UsageError
from covseg_core.io.nifti import (
    read_nifti_ct,
    read_nifti_labels,
    write_nifti_ct,
    write_nifti_labels,
    write_nifti_map,
    write_nifti_probabilities,
)
from covseg_core.labels import INFECTION, LESIONS
from covseg_core.volume import CTVolume, Grid, LabelVolume, LesionMask


def floats(*values):
    return np.array(values, "<f4").tobytes()


# Reading a good file


def test_array_is_transposed_and_world_is_lps(disk, path):
    ct = read_nifti_ct(disk.save(path))
    assert ct.hu.dtype == np.float32
    np.testing.assert_array_equal(ct.hu, disk.HU.transpose(2, 1, 0))
    np.testing.assert_allclose(
        ct.grid.affine_lps, np.diag([-1, -1, 1, 1]) @ disk.AFFINE_RAS, atol=1e-6
    )
    assert ct.is_hu
    assert ct.padding is None
    assert ct.source.kind == "nifti"
    assert ct.source.notes == ()


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("seed", range(5))
def test_voxels_of_an_oblique_scan_lie_where_nibabel_puts_them(disk, path, kind, seed):
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.5, 6, 3)
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    ct = read_nifti_ct(disk.save(path, affine=affine, kind=kind))
    other = nib.load(path)
    for x, y, z in rng.integers(0, disk.HU.shape, (10, 3)):
        ras = nib.affines.apply_affine(other.affine, (x, y, z))
        lps = ras * (-1, -1, 1)
        np.testing.assert_allclose(ct.grid.world_mm((z, y, x)), lps, atol=1e-3)
        assert ct.hu[z, y, x] == other.dataobj[x, y, z]


@pytest.mark.parametrize(
    "stored", ["<i2", ">i2", "<u2", "<i4", "<i8", "<f4", ">f4", "<f8", "|i1", "<u4"]
)
def test_every_real_voxel_type_is_read(disk, nii, stored):
    values = (
        np.array([[[-7, 100], [3, 90]]])
        if "u" not in stored
        else disk.HU[:2, :2] + 1024
    )
    image = nib.Nifti1Image(values.astype(stored), disk.AFFINE_RAS, dtype=stored)
    image.header.set_data_dtype(stored)
    swapped = image.header.as_byteswapped(">" if stored[0] == ">" else "<")
    nib.Nifti1Image(values.astype(stored), disk.AFFINE_RAS, swapped).to_filename(nii)
    np.testing.assert_array_equal(read_nifti_ct(nii).hu, values.transpose(2, 1, 0))


def test_slope_and_intercept_are_applied(disk, nii):
    stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    disk.edit(disk.save(nii, stored), 112, floats(2.0, -1024.0))
    np.testing.assert_array_equal(
        read_nifti_ct(nii).hu, stored.transpose(2, 1, 0) * 2.0 - 1024
    )


def test_a_gzipped_file_is_read_whatever_its_name(disk, tmp_path):
    disk.save(tmp_path / "a.nii.gz")
    renamed = (tmp_path / "a.nii.gz").rename(tmp_path / "a.nii")
    assert read_nifti_ct(renamed).hu.shape == (4, 5, 6)


def test_header_extensions_are_skipped(disk, path):
    image = nib.Nifti1Image(disk.HU, disk.AFFINE_RAS)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 500))
    nib.save(image, path)
    np.testing.assert_array_equal(read_nifti_ct(path).hu, disk.HU.transpose(2, 1, 0))


def test_a_scan_with_only_a_qform_is_placed_by_it(disk, path):
    ct = read_nifti_ct(disk.save(path, sform=0))
    np.testing.assert_allclose(ct.grid.origin_lps_mm, (-90.5, -70.25, -300), atol=1e-4)
    assert ct.source.notes == ()


# Writing


def oblique_grid(shape=(4, 5, 6)):
    turn = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, -1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn * (0.7, 0.8, 5)
    affine[:3, 3] = (-120.3, 44.7, 812.5)
    return Grid(shape, affine)


@pytest.fixture
def mask():
    labels = np.random.default_rng(2).integers(0, 3, (4, 5, 6)).astype(np.uint8)
    return LesionMask(labels, oblique_grid())


def test_a_written_mask_comes_back(path, mask):
    write_nifti_labels(path, mask)
    again = read_nifti_labels(path, LESIONS)
    np.testing.assert_array_equal(again.labels, mask.labels)
    assert again.grid.matches(mask.grid)


def test_a_mask_has_the_affine_of_the_file_that_its_ct_came_from(disk, tmp_path):
    ct = read_nifti_ct(disk.save(tmp_path / "ct.nii.gz"))
    blank = LesionMask(np.zeros(ct.grid.shape, np.uint8), ct.grid)
    write_nifti_labels(tmp_path / "mask.nii.gz", blank)
    np.testing.assert_array_equal(
        nib.load(tmp_path / "mask.nii.gz").affine,
        nib.load(tmp_path / "ct.nii.gz").affine,
    )


def test_nibabel_finds_voxels_of_a_written_mask_where_the_grid_says(path, mask):
    write_nifti_labels(path, mask)
    image = nib.load(path)
    for affine in (image.get_sform(), image.get_qform()):
        ras = nib.affines.apply_affine(affine, (5, 4, 3))
        np.testing.assert_allclose(
            ras * (-1, -1, 1), mask.grid.world_mm((3, 4, 5)), atol=1e-3
        )
    assert image.dataobj[5, 4, 3] == mask.labels[3, 4, 5]
    assert image.get_data_dtype() == np.uint8


def test_headers_are_complete_and_hold_no_name(path, mask):
    write_nifti_labels(path, mask)
    header = nib.load(path).header
    assert header["sform_code"] == header["qform_code"] == 1
    assert header.get_xyzt_units()[0] == "mm"
    texts = ("descrip", "aux_file", "db_name", "intent_name")
    assert [bytes(header[key]).strip(b"\0") for key in texts] == [b""] * 4
    assert len(header.extensions) == 0
    if path.suffix == ".gz":
        assert b"nii" not in path.read_bytes()[:30]


def test_a_sheared_grid_is_written_by_its_sform_only(path):
    affine = np.diag([1, 1, 5, 1.0])
    affine[1, 2] = 2
    grid = Grid((4, 5, 6), affine)
    write_nifti_labels(path, LesionMask(np.ones((4, 5, 6), np.uint8), grid))
    header = nib.load(path).header
    assert header["sform_code"] == 1
    assert header["qform_code"] == 0
    np.testing.assert_allclose(
        header.get_sform(), np.diag([-1, -1, 1, 1]) @ affine, atol=1e-6
    )


def test_whole_hounsfield_units_are_written_as_int16(disk, path):
    hu = np.float32(disk.HU.transpose(2, 1, 0))
    write_nifti_ct(path, CTVolume(hu, oblique_grid()))
    assert nib.load(path).get_data_dtype() == np.int16
    np.testing.assert_array_equal(read_nifti_ct(path).hu, hu)


@pytest.mark.parametrize("odd", [0.5, 40_000.0])
def test_other_values_are_written_as_float32(path, odd):
    hu = np.full((4, 5, 6), -500, np.float32)
    hu[0, 0, 0] = odd
    write_nifti_ct(path, CTVolume(hu, oblique_grid()))
    assert nib.load(path).get_data_dtype() == np.float32
    np.testing.assert_array_equal(read_nifti_ct(path).hu, hu)


def test_probabilities_have_their_class_as_the_fourth_axis(path):
    maps = np.random.default_rng(3).random((2, 4, 5, 6), np.float32)
    write_nifti_probabilities(path, maps, oblique_grid())
    image = nib.load(path)
    assert image.shape == (6, 5, 4, 2)
    np.testing.assert_array_equal(image.dataobj[5, 3, 1], maps[:, 1, 3, 5])


def test_probabilities_off_the_grid_are_refused(path):
    with pytest.raises(GeometryError, match=r"\(classes, Z, Y, X\) on a grid"):
        write_nifti_probabilities(
            path, np.zeros((2, 4, 5, 7), np.float32), oblique_grid()
        )


def test_saving_onto_the_file_that_was_loaded_works(disk, path):
    big = np.random.default_rng(4).integers(-1000, 400, (64, 64, 40)).astype(np.int16)
    ct = read_nifti_ct(disk.save(path, big))
    write_nifti_ct(path, replace(ct, hu=ct.hu + 1))
    np.testing.assert_array_equal(read_nifti_ct(path).hu, big.transpose(2, 1, 0) + 1)


def test_a_full_disk_keeps_the_old_mask(disk, path, mask, monkeypatch):
    write_nifti_labels(path, mask)
    before = path.read_bytes()

    def full(image, target):
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(nib, "save", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_nifti_labels(path, mask)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_mask_that_reads_back_differently_is_not_kept(disk, path, mask, monkeypatch):
    real_save = nib.save

    def lossy(image, target):
        real_save(
            nib.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), target
        )

    monkeypatch.setattr(nib, "save", lossy)
    with pytest.raises(OutputError, match="read back differently"):
        write_nifti_labels(path, mask)
    assert not path.exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_a_private_mask_stays_private(path, mask):
    write_nifti_labels(path, mask)
    path.chmod(0o600)
    write_nifti_labels(path, mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_suffix_is_refused(tmp_path, mask):
    with pytest.raises(UsageError, match=r"mask\.png must end in \.nii or \.nii\.gz"):
        write_nifti_labels(tmp_path / "mask.png", mask)


def test_a_volume_too_long_for_nifti_is_refused(path):
    grid = Grid.from_spacing((1, 1, 40_000), (1, 1, 1))
    labels = LabelVolume(np.zeros(grid.shape, np.uint8), grid, LESIONS)
    with pytest.raises(OutputError, match="at most 32767 voxels along an axis"):
        write_nifti_labels(path, labels)


# Real scans


def test_a_real_scan_keeps_its_mask_in_place(real_ct, tmp_path):
    ct = read_nifti_ct(real_ct / "volumes" / "medseg_01_ct.nii.gz")
    source = real_ct / "volumes" / "medseg_01_infection.nii.gz"
    mask = read_nifti_labels(source, INFECTION)
    mask.require_on(ct)
    write_nifti_labels(tmp_path / "mask.nii.gz", mask)
    ours, theirs = nib.load(tmp_path / "mask.nii.gz"), nib.load(source)
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-4)
    np.testing.assert_array_equal(ours.dataobj, theirs.dataobj)


# What no scanner measured


def test_a_synthetic_scan_is_known_again_and_says_so(path):
    grid = Grid.from_spacing((2, 3, 4), (5, 1, 1))
    ct = CTVolume(np.full(grid.shape, -700, np.float32), grid)
    marked = replace(ct, source=replace(ct.source, is_synthetic=True))
    for scan, expected in ((ct, False), (marked, True)):
        write_nifti_ct(path, scan)
        source = read_nifti_ct(path).source
        assert source.is_synthetic is expected
        assert any("no scanner measured" in note for note in source.notes) is expected
    assert bytes(nib.load(path).header["descrip"].tobytes()).startswith(b"SYNTHETIC")


def test_a_map_is_float32_on_its_grid(path):
    grid = Grid.from_spacing((2, 3, 4), (5, 1, 2))
    values = np.random.default_rng(2).random(grid.shape).astype(np.float32)
    write_nifti_map(path, values, grid)
    image = nib.load(path)
    assert image.get_data_dtype() == np.float32
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, values)
    with pytest.raises(GeometryError, match="needed to lie on its grid"):
        write_nifti_map(path, values[:1], grid)

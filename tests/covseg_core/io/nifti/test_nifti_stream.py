from __future__ import annotations

import gzip
import tracemalloc

import nibabel as nib
import numpy as np
import pytest

from covseg_core.errors import CovsegError, GeometryError, InputRefusedError
from covseg_core.io import nifti_stream
from covseg_core.io.nifti import read_nifti_ct


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_cut_file_is_refused(disk, path, share):
    noise = np.random.default_rng(1).integers(-1000, 999, (40, 40, 9)).astype(np.int16)
    whole = disk.save(path, noise).read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputRefusedError, match=r"a\.nii.*(cut|missing|whole)"):
        read_nifti_ct(path)


def test_a_cut_gzipped_file_is_not_said_to_be_empty(disk, tmp_path):
    noise = np.random.default_rng(1).integers(-1000, 999, (40, 40, 9)).astype(np.int16)
    path = disk.save(tmp_path / "a.nii.gz", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputRefusedError, match=r"^a\.nii\.gz: the file is cut\. Copy"):
        read_nifti_ct(path)


def test_a_flipped_bit_in_a_gzipped_file_is_noticed(disk, tmp_path):
    path = disk.save(tmp_path / "a.nii.gz", np.full((9, 9, 9), -500, np.int16))
    disk.edit(path, path.stat().st_size - 8, b"\0\0\0\0")
    with pytest.raises(InputRefusedError, match="damaged"):
        read_nifti_ct(path)


def test_damage_that_unpacks_to_more_than_the_voxels_is_noticed(disk, tmp_path):
    whole = gzip.decompress(disk.save(tmp_path / "a.nii.gz").read_bytes())
    checksum = gzip.compress(whole)[-8:-4]
    damaged = bytearray(gzip.compress(whole + b"more"))
    damaged[-8:-4] = checksum
    path = tmp_path / "a.nii.gz"
    path.write_bytes(damaged)
    with pytest.raises(InputRefusedError, match="damaged"):
        read_nifti_ct(path)


@pytest.fixture
def padded(disk, tmp_path):
    """A gzipped file with 128 MiB of zeros behind its voxels."""
    path = disk.save(tmp_path / "a.nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**27)))
    return path


@pytest.fixture
def peak_bytes():
    """Measure the memory taken at most during the test."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_what_follows_the_voxels_is_passed_over_in_pieces(disk, padded, peak_bytes):
    np.testing.assert_array_equal(read_nifti_ct(padded).hu, disk.HU.transpose(2, 1, 0))
    assert peak_bytes() < 8 * 2**20


def test_no_bomb_behind_the_voxels_is_read_to_its_end(padded, monkeypatch, peak_bytes):
    monkeypatch.setattr(nifti_stream, "_MOST_BYTES_BEHIND", 2**26)
    with pytest.raises(InputRefusedError, match="unpacks to more than 67108864 bytes"):
        read_nifti_ct(padded)
    assert peak_bytes() < 8 * 2**20


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"no image", b"\0" * 400])
def test_something_else_is_not_a_nifti(path, content):
    path.write_bytes(content)
    with pytest.raises(InputRefusedError, match=r"^a\.nii"):
        read_nifti_ct(path)


def test_half_of_a_file_pair_is_refused(disk, tmp_path):
    nib.save(nib.Nifti1Pair(disk.HU, disk.AFFINE_RAS), tmp_path / "a.hdr")
    with pytest.raises(InputRefusedError, match=r"file pair \(.hdr and .img\)"):
        read_nifti_ct(tmp_path / "a.hdr")


def test_a_missing_file_is_named_without_its_folder(tmp_path):
    with pytest.raises(
        InputRefusedError, match=r"^none\.nii could not be read"
    ) as caught:
        read_nifti_ct(tmp_path / "none.nii")
    assert str(tmp_path) not in str(caught.value)


def test_a_header_that_claims_more_than_the_file_holds_is_refused(disk, nii):
    disk.edit(disk.save(nii), 42, np.array([800, 800, 800], "<i2").tobytes())
    with pytest.raises(
        InputRefusedError, match=r"claims 1024000000 bytes.* at most 240"
    ):
        read_nifti_ct(nii)


def test_a_header_that_claims_what_no_scan_has_is_refused(disk, nii):
    disk.edit(disk.save(nii), 42, np.array([32767] * 3, "<i2").tobytes())
    with pytest.raises(InputRefusedError, match="which no chest CT has"):
        read_nifti_ct(nii)


@pytest.mark.parametrize("held_bytes", [1000, 400_000])
def test_a_gzip_bomb_is_refused_before_memory_is_taken(disk, tmp_path, nii, held_bytes):
    head = bytearray(disk.save(nii).read_bytes()[:352])
    head[42:48] = np.array([1000, 1000, 150], "<i2").tobytes()
    filling = np.random.default_rng(5).bytes(held_bytes)
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(bytes(head) + filling))
    tracemalloc.start()
    with pytest.raises(InputRefusedError, match="header claims 300000000 bytes"):
        read_nifti_ct(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20


def test_damaged_headers_are_refused_or_read_but_never_crash(disk, tmp_path):
    rng = np.random.default_rng(7)
    whole = disk.save(tmp_path / "whole.nii").read_bytes()
    outcomes, messages = [], []
    for number in range(250):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 5)):
            data[rng.integers(0, 352)] = rng.integers(0, 256)
        path = tmp_path / "fuzzed.nii"
        path.write_bytes(data if number % 2 else gzip.compress(bytes(data), 1))
        try:
            outcomes.append(read_nifti_ct(path).hu.shape)
        except CovsegError as error:
            outcomes.append(type(error))
            messages.append(str(error))
    assert all(message.startswith("fuzzed.nii") for message in messages)
    assert (4, 5, 6) in outcomes
    assert InputRefusedError in outcomes
    assert GeometryError in outcomes

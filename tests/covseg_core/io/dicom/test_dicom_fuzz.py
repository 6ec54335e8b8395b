"""Damaged bytes anywhere give a volume or a sentence, never another error."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, RLELossless

from covseg_core.errors import CovsegError
from covseg_core.io.dicom import read_dicom
from covseg_core.volume import CTVolume


def spoil(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite a few bytes, in the header more often than elsewhere, or cut."""
    spoiled = bytearray(content)
    end = len(spoiled) if rng.random() < 0.3 else min(len(spoiled), 1800)
    for position in rng.integers(0, end, rng.integers(1, 6)):
        spoiled[position] = rng.integers(0, 256)
    if rng.random() < 0.2:
        return bytes(spoiled[: rng.integers(1, len(spoiled))])
    return bytes(spoiled)


def read_or_refuse(path) -> str:
    try:
        ct = read_dicom(path)
    except CovsegError as error:
        return str(error)
    assert isinstance(ct, CTVolume)
    assert np.isfinite(ct.hu).all()
    return ""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("packing", ["plain", "rle", "jpeg2000", "enhanced"])
def test_spoiled_file_is_read_or_refused(series, enhanced, tmp_path, packing, seed):
    whole = enhanced if packing == "enhanced" else series / "slice_0003.dcm"
    if packing in ("rle", "jpeg2000"):
        dataset = dcmread(whole)
        dataset.compress(RLELossless if packing == "rle" else JPEG2000Lossless)
        dataset.save_as(whole)
    content = whole.read_bytes()
    rng = np.random.default_rng(seed)
    folder = tmp_path / "spoiled"
    folder.mkdir()
    said = []
    for _ in range(15):
        (folder / "one.dcm").write_bytes(spoil(content, rng))
        said.append(read_or_refuse(folder))
    assert any(said)
    assert not any(str(tmp_path) in sentence for sentence in said)


def test_spoiled_slice_in_a_sound_series_is_read_or_refused(series):
    path = series / "slice_0006.dcm"
    content = path.read_bytes()
    rng = np.random.default_rng(77)
    for _ in range(15):
        path.write_bytes(spoil(content, rng))
        read_or_refuse(series)


@pytest.mark.parametrize("length", [1, 4, 131, 132, 140, 300])
def test_file_cut_early_is_refused(series, tmp_path, length):
    path = tmp_path / "cut.dcm"
    path.write_bytes((series / "slice_0003.dcm").read_bytes()[:length])
    assert read_or_refuse(path)

"""Bombs are refused before their memory is taken."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom import limits as dicom_limits
from covseg_core.io.dicom import parse as dicom_parse
from covseg_core.io.dicom import read_dicom


def refused_within(megabytes: float, folder, match: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputRefusedError, match=match):
            read_dicom(folder)
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1024**2
    finally:
        tracemalloc.stop()


def test_matrix_larger_than_the_file_is_refused(series, edit_all):
    edit_all(series, Rows=4000, Columns=4000)
    refused_within(
        5, series, r"slice_0001.dcm has \d+ bytes, too few for its 1 x 4000 x 4000"
    )


def test_run_length_bomb_is_refused(series, edit_all):
    for path in series.iterdir():
        dataset = dcmread(path)
        dataset.compress(RLELossless)
        dataset.Rows = dataset.Columns = 4000
        dataset.save_as(path)
    refused_within(5, series, r"too few for its 1 x 4000 x 4000 pixels")


def test_series_larger_than_any_chest_is_refused(series, monkeypatch):
    monkeypatch.setattr(dicom_limits, "MAX_VOXELS", 14000)
    refused_within(5, series, r"claims 14400 voxels, more than 14000")


def test_deflated_bomb_is_refused(series, monkeypatch):
    monkeypatch.setattr(dicom_parse, "MAX_INFLATED_BYTES", 8 * 1024**2)
    path = series / "slice_0002.dcm"
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    start = 144 + dcmread(path).file_meta.FileMetaInformationGroupLength
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = engine.compress(bytes(100 * 1024**2)) + engine.flush()
    path.write_bytes(path.read_bytes()[:start] + bomb)
    assert path.stat().st_size < 200_000
    refused_within(40, series, "slice_0002.dcm .* unpacks to more than 8 MiB")

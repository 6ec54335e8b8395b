"""A real PACS with one scan, and its user's login in the environment."""

from __future__ import annotations

import pytest
from pydicom import dcmread


@pytest.fixture
def clinic(pacs, dicom, monkeypatch):
    """The PACS under the name ``clinic``, with the block phantom in it."""
    from covseg_core.io.pacs.connection import PacsSettings
    from covseg_core.io.pacs.known import add_known
    from covseg_core.registry.home import pacs_file

    pacs.put(dicom)
    monkeypatch.delenv("COVSEG_PACS_TOKEN", raising=False)
    monkeypatch.setenv("COVSEG_PACS_USER", pacs.user)
    monkeypatch.setenv("COVSEG_PACS_PASSWORD", pacs.password)
    add_known(pacs_file(), "clinic", PacsSettings(url=pacs.url))
    return pacs


@pytest.fixture
def uids(dicom):
    """Options that name the series in the PACS."""
    header = dcmread(dicom / "slice_0001.dcm", stop_before_pixels=True)
    return "--study", header.StudyInstanceUID, "--series", header.SeriesInstanceUID

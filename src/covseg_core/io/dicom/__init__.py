"""CT series in DICOM: read them, choose among them, write them."""

from __future__ import annotations

from covseg_core.io.dicom.choice import SeriesSummary
from covseg_core.io.dicom.read import read_dicom

__all__ = ["SeriesSummary", "read_dicom"]

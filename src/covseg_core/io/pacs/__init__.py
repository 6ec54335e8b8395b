"""Find, fetch and store in a PACS over DICOMweb; only here is a PACS talked to."""

from __future__ import annotations

from covseg_core.io.pacs.client import Pacs, open_pacs
from covseg_core.io.pacs.connection import Connection, PacsSettings
from covseg_core.io.pacs.credentials import Credentials
from covseg_core.io.pacs.failures import PacsError
from covseg_core.io.pacs.search import FoundSeries, SeriesQuery

__all__ = [
    "Connection",
    "Credentials",
    "FoundSeries",
    "Pacs",
    "PacsError",
    "PacsSettings",
    "SeriesQuery",
    "open_pacs",
]

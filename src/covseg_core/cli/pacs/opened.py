"""Which PACS the user means."""

from __future__ import annotations

from covseg_core.io.pacs.client import Pacs, open_pacs
from covseg_core.io.pacs.connection import PacsSettings
from covseg_core.io.pacs.known import find_known
from covseg_core.registry.home import pacs_file

__all__ = ["meant", "opened"]


def meant(pacs: str, *, insecure_http: bool = False) -> PacsSettings:
    """Find a PACS by name or address."""
    settings = find_known(pacs_file(), pacs)
    if insecure_http:
        return settings.model_copy(update={"insecure_http": True})
    return settings


def opened(pacs: str, *, insecure_http: bool = False) -> Pacs:
    """Open the PACS of that name or address, with the user's login for it."""
    return open_pacs(meant(pacs, insecure_http=insecure_http))

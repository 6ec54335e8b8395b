"""Where a PACS is and how it is reached; never with whose login."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ConfigDict, field_validator

from covseg_core.errors import UsageError
from covseg_core.settings import Settings, setting

__all__ = [
    "Connection",
    "PacsSettings",
    "checked_url",
    "host_of",
    "origin_of",
    "require_safe",
]

_PORTS = {"http": 80, "https": 443}


class Connection(Settings):
    """How a PACS is reached, but for its address."""

    model_config = ConfigDict(hide_input_in_errors=True)

    qido_prefix: str = setting("", "Path of searches, after the address.")
    wado_prefix: str = setting("", "Path of retrieval, after the address.")
    stow_prefix: str = setting("", "Path of storage, after the address.")
    ca_file: Path | None = setting(
        None, "Certificates to trust in place of the usual ones, a PEM file."
    )
    verify_certificate: bool = setting(
        True, "Check whose certificate it is; without, anybody may pose as the PACS."
    )
    insecure_http: bool = setting(
        False, "Allow http, where everybody on the way can read images and login."
    )
    timeout_s: float = setting(
        30.0, "How long to wait for an answer to go on.", unit="s", low=0.1, high=600
    )
    answer_s: float = setting(
        900.0,
        "How long one whole answer may take, however steadily it comes.",
        unit="s",
        low=0.1,
        high=86400,
    )
    retry_s: float = setting(
        1.0, "Pause before a read is tried again.", unit="s", low=0, high=60
    )

    @field_validator("qido_prefix", "wado_prefix", "stow_prefix")
    @classmethod
    def _path_alone(cls, prefix: str) -> str:
        if not all(sign.isalnum() or sign in "-._~/" for sign in prefix):
            raise ValueError("must be a path of letters, digits and -._~/")
        return prefix.strip("/")


class PacsSettings(Connection):
    """A PACS that speaks DICOMweb (DICOM PS3.18)."""

    url: str = setting(..., "Address of its DICOMweb service.")

    @field_validator("url")
    @classmethod
    def _checked(cls, url: str) -> str:
        return checked_url(url)


def checked_url(url: str) -> str:
    """Give an address without a trailing slash, if it is one that can be used.

    Parameters
    ----------
    url : str
        Such as ``https://pacs.example.org/dicom-web``.

    Raises
    ------
    UsageError
        If it holds a login, is no http address, or holds more than a path.  The
        sentence does not repeat it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if "@" in parts.netloc:
        raise UsageError(
            "an address with a user or password in it is refused: it would end up in "
            "logs. Leave them out and use `covseg pacs login`."
        )
    if parts.scheme not in _PORTS or not host or not _is_plain(url):
        raise UsageError(
            "the address of a PACS must look like https://pacs.example.org/dicom-web."
        )
    if parts.query or parts.fragment:
        raise UsageError("the address of a PACS must end with its path, before ? or #.")
    return url.rstrip("/")


def require_safe(settings: PacsSettings) -> None:
    """Raise `UsageError` if the connection would be open to everybody on the way."""
    if settings.url.startswith("https:") or settings.insecure_http:
        return
    if not _is_loopback(urlsplit(settings.url).hostname or ""):
        raise UsageError(
            f"{host_of(settings.url)} would be used over http, where everybody on the "
            "way can read images and login. Use https, or say --insecure-http."
        )


def host_of(url: str) -> str:
    """Host and port of an address, as they may be shown."""
    return urlsplit(url).netloc.rpartition("@")[2]


def origin_of(url: str) -> str:
    """Scheme, host and port: whom a login is for."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

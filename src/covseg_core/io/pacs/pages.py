"""Ask a PACS a question until it has told everything (QIDO-RS, DICOM PS3.18 10.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.io.pacs.answer import JSON, Answer, read_json
from covseg_core.io.pacs.dicom_json import datasets, uid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covseg_core.io.pacs.transport import Transport

__all__ = ["ask"]

PAGE = 100

Item = dict[str, Any]


def ask(
    transport: Transport,
    path: str,
    params: Mapping[str, str],
    *,
    key: str,
    most: int,
) -> list[Item]:
    """Search, page after page.

    Parameters
    ----------
    transport : Transport
        Whom to ask.
    path : str
        Such as ``/studies``.
    params : mapping
        What must match, and which elements are wanted.
    key : str
        Tag of the UID that tells the items apart.
    most : int
        Items after which to stop.

    Raises
    ------
    PacsError
        If the answer is no DICOM JSON, or an item has no UID.
    """
    found: dict[str, Item] = {}
    while len(found) < most:
        wanted = min(PAGE, most - len(found))
        paging = {"limit": str(wanted), "offset": str(len(found))}
        page, is_incomplete = _page(transport, path, {**params, **paging})
        known = len(found)
        found |= {uid(item, key, transport.host): item for item in page}
        # A server that knows no offset tells the same again.
        if len(found) == known or (len(page) < wanted and not is_incomplete):
            break
    return list(found.values())[:most]


def _page(
    transport: Transport, path: str, params: Mapping[str, str]
) -> tuple[tuple[Item, ...], bool]:
    def read(answer: Answer) -> tuple[tuple[Item, ...], bool]:
        return datasets(read_json(answer), answer.host), answer.is_incomplete

    prefix = transport.qido_prefix
    return transport.get(path, read, accept=JSON, prefix=prefix, params=params)

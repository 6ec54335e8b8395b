"""What makes a folder a case store: ``store.json``."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from covseg_core.cases.disk import place_file, read_text, staged, writing
from covseg_core.cases.seal import require_seal, seal, unsealed
from covseg_core.errors import InputRefusedError
from covseg_core.io.atomic import write_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["IDENTITY", "create_identity", "read_salt"]

IDENTITY = "store.json"
FORMAT = 1


def create_identity(root: Path) -> None:
    """Make a folder a store, unless it is one.

    Raises
    ------
    InputRefusedError
        If the folder holds other files.
    OutputError
        If it cannot be made or written.
    """
    with writing(f"the case store {root.name}"):
        root.mkdir(parents=True, exist_ok=True)
        if (root / IDENTITY).exists():
            return
        if any(not path.name.startswith(".") for path in root.iterdir()):
            # Someone else may have made the store since the look before.
            _require_identity(root)
            return
        document = {"format": FORMAT, "salt": secrets.token_hex(16)}
        with staged(root, ".json") as temporary:
            write_text(temporary, seal(document))
            with suppress(FileExistsError):
                place_file(temporary, root / IDENTITY)


def read_salt(root: Path) -> str:
    """Read the random text behind the pseudonyms of a store.

    Raises
    ------
    InputRefusedError
        If the folder is no store, is damaged or was made by a newer covseg.
    """
    _require_identity(root)
    what = f"{IDENTITY} of the case store {root.name}"
    document, found = unsealed(read_text(root / IDENTITY, what), what)
    require_seal(document, found, what)
    if document.get("format") != FORMAT:
        raise InputRefusedError(
            f"the case store {root.name} has the format {document.get('format')!r}; "
            f"this covseg knows {FORMAT}. Use a newer one."
        )
    return str(document["salt"])


def _require_identity(root: Path) -> None:
    if not (root / IDENTITY).is_file():
        raise InputRefusedError(
            f"{root.name or 'this folder'} is no case store, as it has no {IDENTITY}. "
            "Give the folder of a store, or a new or empty folder to "
            "`covseg cases add`."
        )

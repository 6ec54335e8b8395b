"""A model as one file: a zip of its card and its weights, stored as they are.

The bytes of a bundle depend on the model only.  A bundle may come from anyone, so
it is read in memory, and only if it holds those two files and nothing else.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.io.atomic import write_bytes
from covseg_core.registry.card import ModelCard, parse_card
from covseg_core.registry.folder import CARD, WEIGHTS
from covseg_core.registry.store import check_weights, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.registry.store import ModelEntry

__all__ = [
    "BUNDLE_SUFFIX",
    "MAX_CARD_BYTES",
    "is_bundle",
    "read_bundle",
    "write_bundle",
]

BUNDLE_SUFFIX = ".covseg.zip"
MAX_CARD_BYTES = 1_000_000
ENCRYPTED = 0x1
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def is_bundle(path: Path) -> bool:
    """Whether a file's name is that of a bundle."""
    return path.suffix.lower() == ".zip"


def write_bundle(entry: ModelEntry, path: Path) -> None:
    """Write a model as one file, whole or not at all.

    Parameters
    ----------
    entry : ModelEntry
        With weights.
    path : Path
        Ends in ``.covseg.zip``.

    Raises
    ------
    UsageError
        If `path` ends otherwise.
    ModelRefusedError
        If the model has no weights or they are damaged.
    OutputError
        If it cannot be written; what was there is untouched.
    """
    if not path.name.lower().endswith(BUNDLE_SUFFIX):
        raise UsageError(f"the output {path.name!r} must end in {BUNDLE_SUFFIX}.")
    if not entry.card.has_network:
        raise ModelRefusedError(
            f"{entry.card.name!r} has no weights to export; it is in every covseg."
        )
    write_bytes(path, _pack(entry.card, read_weights(entry)))


def read_bundle(path: Path) -> tuple[ModelCard, bytes]:
    """Read a bundle's card and the content of its file of weights.

    Raises
    ------
    ModelRefusedError
        If it is damaged, holds something else too, or the weights are not those
        that the card names.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            _require_plain(path, bundle.infolist())
            card, weights = bundle.read(CARD), bundle.read(WEIGHTS)
    except ModelRefusedError:
        raise
    except Exception as error:
        raise ModelRefusedError(
            f"{path.name!r} cannot be read as a bundle ({type(error).__name__}): it "
            "is cut, damaged or of another kind. Get it again."
        ) from error
    return _checked(path, card, weights)


def _pack(card: ModelCard, weights: bytes) -> bytes:
    packed = io.BytesIO()
    text = card.model_dump_json(indent=2) + "\n"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in ((CARD, text.encode()), (WEIGHTS, weights)):
            member = zipfile.ZipInfo(name, FIRST_DAY)
            # Else the file would tell on which system it was made.
            member.create_system = 3
            member.external_attr = 0o644 << 16
            bundle.writestr(member, content)
    return packed.getvalue()


def _require_plain(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what a bundle of ours never is, before anything is unpacked."""
    if sorted(member.filename for member in members) != [CARD, WEIGHTS]:
        raise ModelRefusedError(
            f"{path.name!r} holds {len(members)} files; a bundle holds {CARD} and "
            f"{WEIGHTS} and nothing else."
        )
    for member in members:
        stored = member.compress_type == zipfile.ZIP_STORED
        if not stored or member.flag_bits & ENCRYPTED:
            raise ModelRefusedError(
                f"{member.filename} in {path.name!r} is compressed or encrypted; a "
                "bundle holds its files as they are. Export it again."
            )
        largest = MAX_CARD_BYTES if member.filename == CARD else path.stat().st_size
        if member.file_size > largest:
            raise ModelRefusedError(
                f"{member.filename} in {path.name!r} claims {member.file_size} bytes; "
                f"at most {largest} can be right."
            )


def _checked(path: Path, text: bytes, weights: bytes) -> tuple[ModelCard, bytes]:
    try:
        card = parse_card(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ModelRefusedError(f"the card in {path.name!r} is no text.") from error
    check_weights(card, weights)
    return card, weights

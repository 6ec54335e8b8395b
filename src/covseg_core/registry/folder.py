"""A model's two files, replaced together, whatever happens in between.

New weights are written beside the old ones under a hidden name that holds their
hash.  Then the new card takes the place of the old one: from that moment the
model is the new one, and its weights are found under the hidden name.  Last they
get the plain name.  A process killed at any moment leaves the old model or the new.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from covseg_core.errors import OutputError
from covseg_core.io.atomic import write_bytes, write_text
from covseg_core.registry.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CARD", "WEIGHTS", "place_of_weights", "replace_model", "settle"]

CARD = "card.json"
WEIGHTS = "weights.safetensors"
LEFTOVERS = (".weights-", ".covseg-")


def place_of_weights(folder: Path, sha256: str) -> Path:
    """Find the file of the weights that a card names by their hash."""
    waiting = _waiting(folder, sha256)
    return waiting if waiting.is_file() else folder / WEIGHTS


def replace_model(folder: Path, card: str, weights: bytes, sha256: str) -> None:
    """Put a card and the weights that it names into a folder, both or none.

    Parameters
    ----------
    folder : Path
        Made if absent; other files in it stay.
    card : str
        Its JSON, which holds `sha256`.
    weights : bytes
        What the file of weights holds.
    sha256 : str
        Of `weights`.

    Raises
    ------
    OSError
        If they cannot be written; an older model is untouched.
    """
    with locked(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            write_bytes(_waiting(folder, sha256), weights)
            write_text(folder / CARD, card)
        finally:
            _tidy(folder)
            # Succeeds only where nothing was there before and nothing is now.
            with suppress(OSError):
                folder.rmdir()


def settle(folder: Path) -> None:
    """Finish what a killed process began; the model is the same before and after."""
    if not any(_leftovers(folder)):
        return
    # Whoever holds the lock is at work there and will finish.
    with suppress(OutputError), locked(folder, patience_s=0):
        _tidy(folder)


def _tidy(folder: Path) -> None:
    """Give waiting weights the plain name, and delete what else was left."""
    named = _named_hash(folder)
    if named is None:
        return
    for path in list(_leftovers(folder)):
        with suppress(OSError):
            if path == _waiting(folder, named):
                path.replace(folder / WEIGHTS)
            else:
                path.unlink()


def _named_hash(folder: Path) -> str | None:
    """Read which weights the card names; empty without a card, None if unreadable."""
    try:
        return str(json.loads((folder / CARD).read_bytes())["weights_sha256"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _leftovers(folder: Path) -> Iterator[Path]:
    try:
        yield from (p for p in folder.iterdir() if p.name.startswith(LEFTOVERS))
    except OSError:
        return


def _waiting(folder: Path, sha256: str) -> Path:
    return folder / f".weights-{sha256[:16]}.safetensors"

"""The names that the user gave to PACS, in one small file without any login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from covseg_core.errors import UsageError
from covseg_core.io.atomic import write_text
from covseg_core.io.pacs.connection import PacsSettings, checked_url
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["add_known", "find_known", "read_known", "remove_known"]

NAME = r"^[a-z0-9][a-z0-9_-]{0,40}$"
MAX_BYTES = 1_000_000


class KnownPacs(Settings):
    """What the file holds."""

    pacs: dict[str, PacsSettings] = Field(default_factory=dict)


class _Named(Settings):
    name: str = Field(pattern=NAME)


def read_known(file: Path) -> Mapping[str, PacsSettings]:
    """Read the names; none where there is no file.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds what does not belong there.
    """
    try:
        if not file.exists():
            return {}
        text = file.read_text(encoding="utf-8") if _is_small(file) else ""
        return KnownPacs.model_validate_json(text).pacs
    except (OSError, UnicodeDecodeError):
        why = "it cannot be opened as text"
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        why = f"{place or 'it'} is not what it should be"
    # Raised out here: what pydantic raises holds what the file says.
    raise UsageError(
        f"{file.name} cannot be used: {why}. Mend it, or remove it and name your "
        "PACS again with `covseg pacs add`."
    )


def find_known(file: Path, name_or_url: str) -> PacsSettings:
    """Find a PACS by the name that the user gave it, or take an address as it is.

    Raises
    ------
    UsageError
        If there is no such name, or the address cannot be used.
    """
    if "/" in name_or_url or ":" in name_or_url:
        return PacsSettings(url=checked_url(name_or_url))
    known = read_known(file)
    if name_or_url in known:
        return known[name_or_url]
    there = f"there are {', '.join(sorted(known))}" if known else "there is none yet"
    raise UsageError(
        f"no PACS is called {name_or_url!r}; {there}. Name one with `covseg pacs add`, "
        "or give an address."
    )


def add_known(file: Path, name: str, settings: PacsSettings) -> None:
    """Give a PACS a name, in place of another one of that name.

    Raises
    ------
    UsageError
        If the name has signs that none may have.
    OutputError
        If the file cannot be written.
    """
    try:
        _Named(name=name)
    except ValidationError as error:
        raise UsageError(
            f"the name {name!r} must be of small letters, digits, - and _."
        ) from error
    _write(file, {**read_known(file), name: settings})


def remove_known(file: Path, name: str) -> PacsSettings:
    """Forget a name and tell what it stood for.

    Raises
    ------
    UsageError
        If there is no such name.
    """
    known = dict(read_known(file))
    if name not in known:
        raise UsageError(f"no PACS is called {name!r}; see `covseg pacs list`.")
    settings = known.pop(name)
    _write(file, known)
    return settings


def _write(file: Path, known: dict[str, PacsSettings]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    document = KnownPacs(pacs=dict(sorted(known.items())))
    write_text(file, document.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _is_small(file: Path) -> bool:
    return file.stat().st_size <= MAX_BYTES

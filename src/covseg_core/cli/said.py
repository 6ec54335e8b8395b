"""What the user said of settings: in a TOML file, and before it on the command line."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.settings import Settings

__all__ = ["merged", "read_config", "refuse_settings"]

_Kind = TypeVar("_Kind", bound="Settings")


def refuse_settings(*given: Settings, config: Path | None) -> None:
    """Raise `UsageError` if anything is said of a run that goes on."""
    said = [name for each in given for name in each.model_fields_set]
    if config is not None:
        said.append("config")
    if said:
        options = ", ".join("--" + name.replace("_", "-") for name in sorted(said))
        raise UsageError(
            f"a run goes on with the settings that it began with; leave {options} away."
        )


def read_config(config: Path | None, *kinds: type[Settings]) -> dict[str, Any]:
    """Read a TOML file with fields of some settings classes.

    Raises
    ------
    UsageError
        If it cannot be read, or says what no setting is called.
    """
    if config is None:
        return {}
    try:
        said = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--config {config.name!r} cannot be read: {_reason(error)}."
        ) from error
    known = {name for kind in kinds for name in kind.model_fields}
    if unknown := sorted(set(said) - known):
        raise UsageError(
            f"--config {config.name!r} says {', '.join(unknown)}, which is no setting; "
            f"there are {', '.join(sorted(known))}."
        )
    return said


def merged(kind: type[_Kind], said: dict[str, Any], given: _Kind) -> _Kind:
    """Take the settings of a file, and those of the command line before them."""
    values = {name: said[name] for name in kind.model_fields if name in said}
    for name, value in given.model_dump(exclude_unset=True).items():
        both = isinstance(value, dict) and isinstance(values.get(name), dict)
        values[name] = values[name] | value if both else value
    return kind.model_validate(values)


def _reason(error: Exception) -> str:
    # What the system says of a file holds its whole path.
    return str(getattr(error, "strerror", None) or error)

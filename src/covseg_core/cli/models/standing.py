"""`covseg models promote`, `rollback` and `remove`: which model predict runs."""

from __future__ import annotations

from covseg_core.cli.output import say
from covseg_core.errors import ModelRefusedError

__all__ = ["promote_command", "remove_command", "rollback_command"]


def promote_command(name: str, /) -> None:
    """Let predict run a model when none is named.

    Parameters
    ----------
    name
        Name of a model in the list.
    """
    from covseg_core.registry.promotion import promote

    promote(name)
    _say_default(name)


def rollback_command() -> None:
    """Let predict run the model again that was promoted before."""
    from covseg_core.registry.promotion import rollback

    _say_default(rollback())


def remove_command(name: str, /) -> None:
    """Delete one of your models.

    Parameters
    ----------
    name
        Its name; bundled models stay.
    """
    from covseg_core.registry.store import remove_model

    before = _promoted()
    remove_model(name)
    say(f"removed {name}")
    if before == name:
        _say_default(_promoted() or "")


def _promoted() -> str | None:
    """Name the promoted model; a damaged history stops no removal."""
    from covseg_core.registry.promotion import promoted

    try:
        return promoted()
    except ModelRefusedError:
        return None


def _say_default(name: str) -> None:
    say(f"predict runs {name} when no model is named")

"""The file that remembers which models were promoted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from covseg_core.errors import ModelRefusedError
from covseg_core.io.atomic import write_text
from covseg_core.registry.card import NAME_PATTERN, SHA256_PATTERN
from covseg_core.registry.home import models_folder
from covseg_core.registry.store import DEFAULT_MODEL
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Promotion", "history_file", "now_utc", "read_history", "write_history"]

FILE = "promoted.json"


class Promotion(Settings):
    """One promotion: the model, with the hash of its weights at that time."""

    name: str = Field(pattern=NAME_PATTERN)
    weights_sha256: str = Field(pattern=SHA256_PATTERN)
    promoted_utc: str
    taken_back_utc: str = ""

    @property
    def counts(self) -> bool:
        """Whether it was not taken back."""
        return not self.taken_back_utc

    def is_same_model(self, other: Promotion) -> bool:
        """Whether both are of one name and the same weights."""
        return (self.name, self.weights_sha256) == (other.name, other.weights_sha256)


class History(Settings):
    """What the file holds: every promotion, the oldest first."""

    history: tuple[Promotion, ...] = ()


def history_file() -> Path:
    """Give the path of the history, in the user's store."""
    return models_folder() / FILE


def now_utc() -> str:
    """Give the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_history() -> tuple[Promotion, ...]:
    """Read every promotion, the oldest first; none where there is no file.

    Raises
    ------
    ModelRefusedError
        If the file is damaged.
    """
    try:
        text = history_file().read_text(encoding="utf-8")
        return History.model_validate_json(text).history
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        raise ModelRefusedError(_damaged(error.errors()[0]["type"])) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelRefusedError(_damaged(type(error).__name__)) from error


def write_history(history: tuple[Promotion, ...]) -> None:
    """Replace the history, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; the old one is untouched.
    """
    document = History(history=history).model_dump_json(indent=2)
    write_text(history_file(), document + "\n")


def _damaged(reason: str) -> str:
    return (
        f"the list of promoted models, {FILE} in the folder of your models, cannot "
        f"be read ({reason}). Put a copy back, or delete it to go back to "
        f"{DEFAULT_MODEL!r}; until then name a model with --model."
    )

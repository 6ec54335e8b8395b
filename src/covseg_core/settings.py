"""A parameter is declared once: here is how.

A settings class is a frozen pydantic model whose fields carry default, help,
unit and bounds.  The command line, the form in napari, the run manifest and the
model card are all made from it, so their defaults cannot disagree.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Device", "Parameter", "Settings", "device", "parameters_of", "setting"]


class Settings(BaseModel):
    """Base of every settings class: frozen, and no unknown field passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Parameter:
    """One field of a settings class, as a form or a help page needs it.

    Parameters
    ----------
    name : str
        Attribute name.
    kind : type
        Python type of the value; for a closed choice the type of its members.
    default : object
        Value when nothing is said.
    help : str
        One sentence for the user.
    unit : str
        Unit of the value, empty if it has none.
    low, high : float or None
        Bounds, both included.
    choices : tuple
        The allowed values of a closed choice, else empty.
    """

    name: str
    kind: type
    default: Any
    help: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[Any, ...]

    @property
    def title(self) -> str:
        """Name on screen, such as ``Batch size``."""
        return self.name.removesuffix("_" + self.unit).replace("_", " ").capitalize()


def setting(
    default: Any,
    help: str,  # noqa: A002 - the word that users of argparse know
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Declare a field of a settings class.

    Parameters
    ----------
    default : object
        Value when nothing is said.
    help : str
        One sentence for the user, without default and bounds.
    unit : str
        Unit such as ``mm`` or ``HU``.
    low, high : float, optional
        Bounds, both included; a value outside raises `pydantic.ValidationError`.
    """
    return Field(
        default,
        description=help,
        ge=low,
        le=high,
        json_schema_extra={"unit": unit},
    )


def _require_device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", name, re.ASCII):
        raise ValueError("must be auto, cpu, cuda or cuda:N")
    return name


Device = Annotated[str, AfterValidator(_require_device)]
"""Where a network runs: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""


def device() -> Any:
    """Declare the field of a `Device`; ``COVSEG_DEVICE`` is its default."""
    return Field(
        default_factory=lambda: os.environ.get("COVSEG_DEVICE", "auto"),
        validate_default=True,
        description="Where the network runs: auto, cpu, cuda or cuda:N.",
    )


def parameters_of(settings: type[Settings]) -> tuple[Parameter, ...]:
    """List the fields of a settings class in the order of declaration."""
    return tuple(
        _parameter(name, field) for name, field in settings.model_fields.items()
    )


def _parameter(name: str, field: Any) -> Parameter:
    kind, choices = _kind_and_choices(field.annotation)
    extra = field.json_schema_extra or {}
    return Parameter(
        name=name,
        kind=kind,
        default=field.get_default(call_default_factory=True),
        help=field.description or "",
        unit=extra.get("unit", ""),
        low=_bound(field.metadata, Ge, "ge"),
        high=_bound(field.metadata, Le, "le"),
        choices=choices,
    )


def _bound(metadata: list[Any], kind: type, name: str) -> float | None:
    found = (getattr(entry, name) for entry in metadata if isinstance(entry, kind))
    return next(found, None)


def _kind_and_choices(annotation: Any) -> tuple[type, tuple[Any, ...]]:
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        return type(choices[0]), choices
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation, tuple(annotation)
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    if get_origin(annotation) not in (None, tuple, list, dict) and len(arms) == 1:
        return _kind_and_choices(arms[0])
    return (annotation if isinstance(annotation, type) else get_origin(annotation)), ()

"""What is known of a model: how it is built, fed, read, and what it is for."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import LABEL_SETS, LabelSet
from covseg_core.settings import Settings
from covseg_core.transforms.prepare import Prepare

__all__ = ["NAME_PATTERN", "ModelCard", "parse_card"]

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names of models are names of folders on every system."""


class ModelCard(Settings):
    """The card beside a model's weights.

    `threshold` is the probability above which a voxel is infected; an island of
    such voxels stays only if some of it is more probable than `sure`.

    Raises
    ------
    pydantic.ValidationError
        If a field is missing, unknown or out of bounds.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    name: str = Field(pattern=NAME_PATTERN)
    summary: str
    version: str = "1"
    architecture: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    label_set: str
    prepare: Prepare = Prepare()
    threshold: float = Field(0.5, gt=0, lt=1)
    sure: float = Field(0.0, ge=0, lt=1)
    parent: str | None = None
    weights_sha256: str = ""
    data: tuple[str, ...] = ()
    licence: str = ""
    intended_use: str = "Research only; not for diagnosis."
    limits: str = ""
    metrics: dict[str, Any] = Field(default_factory=dict)
    created_utc: str = ""

    @property
    def labels(self) -> LabelSet:
        """What the channels of the model mean."""
        return LABEL_SETS[self.label_set]


def parse_card(text: str) -> ModelCard:
    """Read a card from JSON.

    Raises
    ------
    ModelRefusedError
        Names the first field that is wrong.
    """
    try:
        card = ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ModelRefusedError(
            f"the model card cannot be read: {field}: {_plain(first['msg'])}. "
            "It was made by another program or by a newer covseg."
        ) from error
    if card.label_set not in LABEL_SETS:
        raise ModelRefusedError(
            f"the model card names the labels {card.label_set!r}; "
            f"this version knows {', '.join(LABEL_SETS)}."
        )
    return card


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")

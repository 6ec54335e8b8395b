"""What is known of a model: how it is built, fed, read, and what it is for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from covseg_core.errors import ModelRefusedError
from covseg_core.labels import LABEL_SETS, LabelSet
from covseg_core.settings import Settings
from covseg_core.transforms.prepare import Prepare

__all__ = ["HU_THRESHOLD", "NAME_PATTERN", "ModelCard", "parse_card"]

HU_THRESHOLD = "hu-threshold"
"""The architecture that is no network: bands of Hounsfield units."""

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names of models are names of folders on every system."""

SHA256_PATTERN = r"^([0-9a-f]{64})?$"
"""A hash, or nothing where there is none."""


class ModelCard(Settings):
    """The card beside a model's weights.

    `threshold` is the probability above which a voxel is infected; an island of
    such voxels stays only if some of it is more probable than `sure`.

    `parent` is the model that training went on from, with the hash of its weights
    in `parent_sha256`; `base` is the first model of that line.  `data_sha256` is
    the hash of the frozen manifest of training cases.  `training` holds settings,
    epochs run, seconds and device.  `pretext` is what the weights were learnt by
    where nobody had outlined anything: the model cannot outline, but be trained.

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
    parent_sha256: str = Field("", pattern=SHA256_PATTERN)
    base: str | None = None
    pretext: Literal["", "inpainting", "rotation"] = ""
    weights_sha256: str = Field("", pattern=SHA256_PATTERN)
    data: tuple[str, ...] = ()
    data_sha256: str = Field("", pattern=SHA256_PATTERN)
    training: dict[str, Any] = Field(default_factory=dict)
    licence: str = ""
    intended_use: str = "Research only; not for diagnosis."
    limits: str = ""
    metrics: dict[str, Any] = Field(default_factory=dict)
    created_utc: str = ""

    @property
    def labels(self) -> LabelSet:
        """What the channels of the model mean."""
        return LABEL_SETS[self.label_set]

    @property
    def has_network(self) -> bool:
        """Whether there are weights beside the card."""
        return self.architecture != HU_THRESHOLD


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

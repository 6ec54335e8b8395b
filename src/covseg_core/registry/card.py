"""What is known of a model: how it is built, fed, read, and what it is for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

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

ROW_LENGTH = 3
"""Mean probability, share infected, voxels."""


def _require_calibration(told: dict[str, Any]) -> dict[str, Any]:
    """Raise `ValueError` unless nothing is told, or all that pages show."""
    numbers = [told.get(key) for key in ("n", "temperature", "ece")]
    rows = told.get("rows")
    whole = isinstance(told.get("region"), str) and isinstance(rows, list)
    for row in rows if isinstance(rows, list) else ():
        whole = whole and isinstance(row, list) and len(row) == ROW_LENGTH
        numbers += row if isinstance(row, list) else [row]
    if told and not (whole and all(isinstance(each, int | float) for each in numbers)):
        raise ValueError(
            "needs region, n, temperature, ece and rows of three numbers each"
        )
    return told


class ModelCard(Settings):
    """The card beside a model's weights.

    `threshold` is the probability above which a voxel is infected; an island of
    such voxels stays only if some of it, at least `postprocess.COUNTED_SHARE` and, with
    a crop, no farther from the lungs than `prepare.margin_mm`, is more probable than
    `sure`.

    `parent` is the model that training went on from, with the hash of its weights
    in `parent_sha256`; `base` is the first model of that line.  `data_sha256` is
    the hash of the frozen manifest of training cases.  `training` holds settings,
    epochs run, seconds and device.  `pretext` is what the weights were learnt by
    where nobody had outlined anything: the model cannot outline, but be trained.

    `mirrored` says that the answer is the mean of the slice's and of its mirror
    image's, and `temperature` by what the logits of that mean are divided; see
    `transforms.temper`.  In a volume it is then averaged with the slices above and
    below, weighed by a Gaussian with the standard deviation `through_plane_mm`; 0
    leaves it alone.  `calibration` tells how these probabilities agreed with the
    truth: `region`, `n` voxels, `temperature`, `ece`, the expected calibration error,
    and `rows` of the reliability diagram, each mean probability, share infected and
    voxels; `metrics.calibration.Reliability.for_card` makes it.  `failures` are
    sentences of what goes wrong, `references` the papers.

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
    temperature: float = Field(1.0, gt=0, le=20)
    mirrored: bool = False
    through_plane_mm: float = Field(0.0, ge=0, le=50)
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
    failures: tuple[str, ...] = ()
    metrics: dict[str, Any] = Field(default_factory=dict)
    calibration: Annotated[dict[str, Any], AfterValidator(_require_calibration)] = (
        Field(default_factory=dict)
    )
    references: tuple[str, ...] = ()
    created_utc: str = ""

    @property
    def labels(self) -> LabelSet:
        """What the channels of the model mean."""
        return LABEL_SETS[self.label_set]

    @property
    def as_trained(self) -> ModelCard:
        """The card for what the network itself says, slice by slice."""
        return self.model_copy(
            update={"mirrored": False, "temperature": 1.0, "through_plane_mm": 0.0}
        )

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

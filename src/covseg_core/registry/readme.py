"""The page of a model on the Hugging Face hub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covseg_core.registry.card import ModelCard

__all__ = ["readme_of"]

HUB_LICENCES = ("apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-sa-4.0", "mit")
TAGS = ("chest-ct", "covid-19", "covseg", "lung", "medical", "safetensors")

PAGE = """\
---
{front}
---

# {name}

{summary}

**For research use only; not for diagnosis.** This is no medical device.

## Use

    pip install napari-covseg
    covseg models pull {repo_id} --name {name}
    covseg predict SCAN -o mask.nii.gz --model {name}

## Intended use

{intended_use}

## Limits

{limits}

## Training

{training}

## Metrics

{metrics}

## Licence of the weights

{licence}

`card.json` says how a scan is prepared and what the labels mean. SHA-256 of
`weights.safetensors`: `{sha256}`
"""


def readme_of(card: ModelCard, repo_id: str) -> str:
    """Write a model's page: YAML front matter and Markdown.

    Parameters
    ----------
    card : ModelCard
        What is known of the model.
    repo_id : str
        Where it will lie, ``OWNER/NAME``.
    """
    return PAGE.format(
        front=_front_matter(card),
        name=card.name,
        summary=card.summary,
        repo_id=repo_id,
        intended_use=card.intended_use or "Not stated.",
        limits=card.limits or "Not stated.",
        training="\n".join(_training(card)),
        metrics="\n".join(_metrics(card)),
        licence=card.licence or "Not stated.",
        sha256=card.weights_sha256,
    )


def _front_matter(card: ModelCard) -> str:
    from huggingface_hub import ModelCardData

    licence, licence_name = _licence(card.licence)
    fields = ModelCardData(
        license=licence,
        license_name=licence_name,
        library_name="covseg",
        pipeline_tag="image-segmentation",
        tags=[*TAGS, card.architecture],
    )
    return fields.to_yaml().rstrip()


def _licence(text: str) -> tuple[str, str | None]:
    """Name the licence as the hub does; one that it does not know is ``other``."""
    if text.lower() in HUB_LICENCES:
        return text.lower(), None
    if not text:
        return "unknown", None
    return "other", re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _training(card: ModelCard) -> Iterator[str]:
    yield f"- Architecture: {card.architecture}"
    if card.parent:
        yield f"- Trained further from: {card.parent}"
    for source in card.data or ("not stated",):
        yield f"- Data: {source}"
    for key, value in card.training.items():
        if isinstance(value, str | int | float):
            yield f"- {key.replace('_', ' ').capitalize()}: {value}"


def _metrics(card: ModelCard) -> Iterator[str]:
    if not card.metrics:
        yield "None stated."
        return
    yield "| metric | value |"
    yield "|---|---|"
    for name, value in card.metrics.items():
        yield f"| {_cell(name)} | {_cell(value)} |"


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())

"""The page of a model on the Hugging Face hub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covseg_core.registry.card_words import (
    answer_in_words,
    calibration_in_words,
    reliability_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from covseg_core.registry.card import ModelCard

__all__ = ["readme_of"]

HUB_LICENCES = ("apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-sa-4.0", "mit")
TAGS = ("chest-ct", "covid-19", "covseg", "lung", "medical", "safetensors")

NOT_STATED = "Not stated."

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

{sections}

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
        sections="\n\n".join(_sections(card)),
        sha256=card.weights_sha256,
    )


def _sections(card: ModelCard) -> Iterator[str]:
    """Write the sections; failures and references only where there are some."""
    bodies = {
        "Intended use": [card.intended_use or NOT_STATED],
        "Limits": [card.limits or NOT_STATED],
        "What goes wrong": _items(card.failures),
        "Training": _training(card),
        "Metrics": _metrics(card),
        "Calibration": _calibration(card),
        "Licence of the weights": [card.licence or NOT_STATED],
        "References": _items(card.references),
    }
    for title, body in bodies.items():
        if text := "\n".join(body):
            yield f"## {title}\n\n{text}"


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
    rows = [("metric", "value"), *_flat(card.metrics)]
    yield from _table(rows, "|---|---|")


def _flat(told: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}, ")
        else:
            yield f"{above}{name}", value


def _calibration(card: ModelCard) -> Iterator[str]:
    yield f"{answer_in_words(card)} {_cell(calibration_in_words(card.calibration))}"
    if card.calibration:
        yield ""
        yield from _table(reliability_table(card.calibration), "|---:|---:|---:|")


def _items(sentences: Iterable[str]) -> Iterator[str]:
    return (f"- {sentence}" for sentence in sentences)


def _table(rows: Sequence[tuple[Any, ...]], rule: str) -> Iterator[str]:
    head, *body = (f"| {' | '.join(map(_cell, row))} |" for row in rows)
    yield from (head, rule, *body)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())

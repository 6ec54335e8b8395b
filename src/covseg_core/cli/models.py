"""`covseg models`: list, show, import and remove models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from covseg_core.cli.output import say, say_json
from covseg_core.registry.store import find_model, list_models, remove_model

__all__ = ["import_command", "list_command", "remove_command", "show_command"]


def list_command(*, architectures: bool = False, json: bool = False) -> None:
    """List models, or architectures with their size.

    Parameters
    ----------
    architectures
        List architecture and backbone with parameters and multiply-adds at 352 x 352.
    json
        Print one JSON document.
    """
    rows = _architectures() if architectures else _models()
    if json:
        say_json(rows)
        return
    if not architectures:
        for row in rows:
            say(f"{row['name']:22}{row['origin']:10}{row['summary']}")
        return
    for row in rows:
        millions = row["parameters"] / 1e6
        say(
            f"{row['architecture']:14}{row['backbone']:12}"
            f"{millions:8.2f} M {row['gmac']:8.2f} GMAC"
        )


def show_command(name: str, /, *, json: bool = False) -> None:
    """Show a model's card.

    Parameters
    ----------
    name
        Name of a model or path of its folder.
    json
        Print one JSON document.
    """
    card = find_model(name).card.model_dump(mode="json")
    if json:
        say_json(card)
        return
    for key, value in card.items():
        if isinstance(value, dict | list) and value:
            say(f"{key}")
            lines = value.items() if isinstance(value, dict) else enumerate(value, 1)
            for inner, content in lines:
                say(f"  {inner!s:38}{content}")
        else:
            say(f"{key:18}{value or '-'}")


def import_command(
    file: Path,
    /,
    *,
    name: str,
    prior: Path | None = None,
    channel_order: Literal["published", "background-first"] = "published",
) -> None:
    """Add a model folder, or published Inf-Net and U-Net weights.

    Parameters
    ----------
    file
        Folder with card.json and weights.safetensors, or a published state_dict.
    name
        What the model is called here.
    prior
        For the published multi-label U-Net: the Inf-Net that makes its prior.
    channel_order
        Of that U-Net: as published, or background first (self-supervised Inf-Net).
    """
    from covseg_core.registry.importing import import_model

    entry = import_model(file, name, prior=prior, channel_order=channel_order)
    say(f"added {entry.card.name}: {entry.card.summary}")
    if entry.card.limits:
        say(f"note: {entry.card.limits}")


def remove_command(name: str, /) -> None:
    """Delete one of your models.

    Parameters
    ----------
    name
        Its name; bundled models stay.
    """
    remove_model(name)
    say(f"removed {name}")


def _models() -> list[dict[str, Any]]:
    return [
        {
            "name": entry.card.name,
            "origin": entry.origin,
            "architecture": entry.card.architecture,
            "labels": list(entry.card.labels.keys),
            "summary": entry.card.summary,
            "weights_sha256": entry.card.weights_sha256,
        }
        for entry in list_models()
    ]


def _architectures() -> list[dict[str, Any]]:
    from covseg_core.models import ARCHITECTURES
    from covseg_core.models.backbones import BACKBONES
    from covseg_core.models.cost import cost_of

    rows = []
    for architecture in ARCHITECTURES:
        for backbone in BACKBONES:
            cost = cost_of(architecture, backbone=backbone)
            rows.append(
                {
                    "architecture": architecture,
                    "backbone": backbone,
                    "parameters": cost.parameters,
                    "gmac": round(cost.gmac, 3),
                }
            )
    return rows

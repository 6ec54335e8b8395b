"""`covseg models list` and `show`: what models there are and what is known of them."""

from __future__ import annotations

import sys
from typing import Any

from covseg_core.cli.models.showing import card_lines
from covseg_core.cli.output import say, say_json
from covseg_core.registry.store import find_model, left_out, list_models

__all__ = ["list_command", "show_command"]


def list_command(*, architectures: bool = False, json: bool = False) -> None:
    """List models, or architectures with their size.

    Parameters
    ----------
    architectures
        List architecture and backbone with parameters and multiply-adds at 352 x 352.
    json
        Print one JSON document.
    """
    if architectures:
        _list_architectures(json)
    else:
        _list_models(json)


def show_command(name: str, /, *, json: bool = False) -> None:
    """Show a model's card.

    Parameters
    ----------
    name
        Name of a model or path of its folder.
    json
        Print one JSON document.
    """
    card = find_model(name).card
    if json:
        say_json(card.model_dump(mode="json"))
        return
    for line in card_lines(card):
        say(line)


def _list_models(json: bool) -> None:
    from covseg_core.registry.promotion import standing

    now = standing()
    rows = _models(now.name)
    for reason in left_out():
        sys.stderr.write(f"note: {reason}\n")
    if json:
        say_json(rows)
        return
    for row in rows:
        mark = "promoted" if row["promoted"] else ""
        say(f"{row['name']:22}{row['origin']:10}{mark:10}{row['summary']}")
    for reason in now.passed_over:
        say(f"note: {reason}")


def _list_architectures(json: bool) -> None:
    rows = _architectures()
    if json:
        say_json(rows)
        return
    for row in rows:
        millions = row["parameters"] / 1e6
        say(
            f"{row['architecture']:14}{row['backbone']:12}"
            f"{millions:8.2f} M {row['gmac']:8.2f} GMAC"
        )


def _models(promoted: str) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.card.name,
            "origin": entry.origin,
            "promoted": entry.card.name == promoted,
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

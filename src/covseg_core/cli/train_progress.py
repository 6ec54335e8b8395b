"""Tell what came of a training."""

from __future__ import annotations

from typing import Any

from covseg_core.cli.output import say, say_json, say_line

__all__ = ["show_outcome"]


def show_outcome(
    outcome: dict[str, Any], *, as_json: bool, jsonl: bool = False
) -> None:
    """Print what came of a run, as a table or as JSON."""
    if jsonl:
        say_line({"event": "outcome", **outcome})
        return
    if as_json:
        say_json(outcome)
        return
    held_out = outcome["held_out"]
    if held_out is not None:
        _show_table(held_out)
    state = "promoted" if outcome["promoted"] else "kept, not promoted"
    say(f"{outcome['model']}: {state}; {outcome['reason']}")


def _show_table(held_out: dict[str, Any]) -> None:
    say(f"{'held-out case':24}{'before':>8}{'after':>8}{'true ml':>10}{'found ml':>10}")
    for row in held_out["cases"]:
        cells = (
            _cell(row["before"], 8, 3),
            _cell(row["after"], 8, 3),
            _cell(row["true_ml"], 10, 1),
            _cell(row["after_ml"], 10, 1),
        )
        say(f"{row['case_id']:24}{''.join(cells)}")
    dice = held_out["dice"]
    if dice["difference"] is None:
        return
    say(
        f"{'mean Dice':24}{_cell(dice['mean_before'], 8, 3)}"
        f"{_cell(dice['mean_after'], 8, 3)}   difference {dice['difference']:+.3f}"
        f"{_interval(dice)}"
    )


def _interval(dice: dict[str, Any]) -> str:
    if dice["low"] is None:
        return ""
    return f" (95 % {dice['low']:+.3f} to {dice['high']:+.3f}, p {dice['p_value']:.2f})"


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:>{width}.{digits}f}"

"""What a card says of its answers, in words for a page and for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from covseg_core.registry.card import ModelCard

__all__ = [
    "NOT_MEASURED",
    "answer_in_words",
    "calibration_in_words",
    "reliability_table",
]

NOT_MEASURED = "Not measured."


def answer_in_words(card: ModelCard) -> str:
    """Say how probabilities come out of the network, in one or two sentences."""
    what = "the mean of the slice's and of its mirror image's"
    answer = f"An answer is {what if card.mirrored else 'what the network says'}"
    tempered = "not tempered"
    if card.temperature != 1:
        tempered = f"with logits divided by the temperature {card.temperature:g}"
    if not card.through_plane_mm:
        return f"{answer}, {tempered}."
    return (
        f"{answer}, {tempered}. In a volume it is averaged with the slices above and "
        f"below (Gaussian, standard deviation {card.through_plane_mm:g} mm)."
    )


def calibration_in_words(calibration: dict[str, Any]) -> str:
    """Say how far probabilities are from the truth, in two sentences."""
    if not calibration:
        return NOT_MEASURED
    region, wrong = calibration["region"], _percent(calibration["ece"])
    return (
        f"Counted: {calibration['n']:,} voxels, {region}. At temperature "
        f"{calibration['temperature']:g} probabilities are off by {wrong} on average "
        "(expected calibration error)."
    )


def reliability_table(calibration: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Tell the reliability diagram as rows of text, the head first; [] without."""
    if not calibration:
        return []
    rows = [
        (_percent(probability), _percent(share), f"{count:,}")
        for probability, share, count in calibration["rows"]
    ]
    return [("mean probability", "truly infected", "voxels"), *rows]


def _percent(share: float) -> str:
    percent = 100 * share
    # Most of a scan is told to be infected by far less than one percent.
    return f"{percent:.1f} %" if percent >= 1 else f"{percent:.2f} %"

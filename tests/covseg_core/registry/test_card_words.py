from __future__ import annotations

from covseg_core.registry.card_words import (
    answer_in_words,
    calibration_in_words,
    reliability_table,
)

TOLD = {
    "region": "the lungs of 12 scans",
    "n": 1234567,
    "temperature": 1.45,
    "ece": 0.0123,
    "rows": [[0.0004, 0.0002, 1234000], [0.962, 0.8, 567]],
}


def test_an_answer_is_told_as_the_card_makes_it(card):
    own = "An answer is what the network says, not tempered."
    assert answer_in_words(card) == own
    assert answer_in_words(card.model_copy(update={"temperature": 1.45})) == (
        "An answer is what the network says, with logits divided by the temperature "
        "1.45."
    )
    averaged = answer_in_words(card.model_copy(update={"through_plane_mm": 4.5}))
    assert averaged == (
        f"{own} In a volume it is averaged with the slices above and below "
        "(Gaussian, standard deviation 4.5 mm)."
    )
    mirrored = answer_in_words(card.model_copy(update={"mirrored": True}))
    assert mirrored == (
        "An answer is the mean of the slice's and of its mirror image's, not tempered."
    )


def test_calibration_is_told_with_the_region_and_the_error():
    assert calibration_in_words(TOLD) == (
        "Counted: 1,234,567 voxels, the lungs of 12 scans. At temperature 1.45 "
        "probabilities are off by 1.2 % on average (expected calibration error)."
    )


def test_small_shares_are_told_apart_from_none():
    assert reliability_table(TOLD) == [
        ("mean probability", "truly infected", "voxels"),
        ("0.04 %", "0.02 %", "1,234,000"),
        ("96.2 %", "80.0 %", "567"),
    ]


def test_what_nobody_measured_is_said_to_be_so():
    assert calibration_in_words({}) == "Not measured."
    assert reliability_table({}) == []

from __future__ import annotations

import json

import pytest

from covseg_core.errors import ModelRefusedError
from covseg_core.registry.card import ModelCard, parse_card

CARD = {
    "name": "mine",
    "summary": "A model.",
    "architecture": "infnet",
    "label_set": "lesions",
}
CALIBRATION = {
    "region": "the lungs",
    "n": 10,
    "temperature": 1.4,
    "ece": 0.02,
    "rows": [[0.1, 0.05, 9], [0.9, 1.0, 1]],
}


def test_a_card_is_the_same_after_json():
    card = ModelCard(
        **CARD, arguments={"ra_channels": [1, 2, 3]}, metrics={"dice": 0.5}
    )
    assert parse_card(card.model_dump_json()) == card
    assert card.labels.keys == ("ggo", "consolidation")


def test_a_card_of_an_older_covseg_is_read():
    card = parse_card(json.dumps(CARD))
    assert (card.parent_sha256, card.data_sha256, card.base) == ("", "", None)
    assert card.training == {}
    assert (card.temperature, card.mirrored) == (1.0, False)
    assert (card.calibration, card.failures, card.references) == ({}, (), ())


def test_what_is_known_of_its_answers_is_the_same_after_json():
    known = {
        "temperature": 1.4,
        "mirrored": True,
        "calibration": CALIBRATION,
        "failures": ["Vessels are called infected."],
        "references": ["A paper, 2020."],
    }
    card = parse_card(json.dumps(CARD | known))
    assert card.model_dump(mode="json").items() >= known.items()
    assert parse_card(card.model_dump_json()) == card


def test_the_network_itself_neither_mirrors_nor_tempers():
    card = parse_card(json.dumps(CARD | {"temperature": 1.4, "mirrored": True}))
    assert card.as_trained == parse_card(json.dumps(CARD))


def test_a_card_says_what_it_was_trained_from_and_on():
    line = {
        "parent": "first",
        "parent_sha256": "a" * 64,
        "base": "bundled",
        "data_sha256": "b" * 64,
        "training": {"epochs_run": 3, "settings": {"seed": 1}},
    }
    card = parse_card(json.dumps(CARD | line))
    assert card.model_dump(mode="json").items() >= line.items()


def test_only_bands_of_hu_have_no_network():
    assert parse_card(json.dumps(CARD)).has_network
    bands = CARD | {"architecture": "hu-threshold"}
    assert not parse_card(json.dumps(bands)).has_network


@pytest.mark.parametrize("missing", CARD)
def test_a_missing_field_is_named(missing):
    text = json.dumps({key: CARD[key] for key in CARD if key != missing})
    with pytest.raises(
        ModelRefusedError, match=f"cannot be read: {missing}: Field req"
    ):
        parse_card(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"name": "../mine"}, "name: String should match pattern"),
        ({"name": "a/b"}, "name: String should match pattern"),
        ({"name": ".hidden"}, "name: String should match pattern"),
        ({"name": "two\nlines"}, "name: String should match pattern"),
        ({"name": "m" * 65}, "name: String should match pattern"),
        ({"weights_sha256": "../../x"}, "weights_sha256: String should match"),
        ({"weights_sha256": "A" * 64}, "weights_sha256: String should match"),
        ({"data_sha256": "a" * 64 + "\n"}, "data_sha256: String should match"),
        ({"threshold": 1.0}, "threshold: Input should be less than 1"),
        ({"sure": 1.0}, "sure: Input should be less than 1"),
        ({"temperature": 0.0}, "temperature: Input should be greater than 0"),
        ({"temperature": 21.0}, "temperature: Input should be less than or equal"),
        ({"calibration": {"ece": 0.1}}, "calibration: needs region, n, temperature"),
        ({"calibration": CALIBRATION | {"rows": [[1, 2]]}}, "rows of three numbers"),
        ({"calibration": CALIBRATION | {"rows": [7]}}, "rows of three numbers"),
        ({"calibration": CALIBRATION | {"ece": "low"}}, "calibration: needs region"),
        ({"sure": -0.1}, "sure: Input should be greater than or equal to 0"),
        ({"label_set": "organs"}, "names the labels 'organs'; this version knows"),
        ({"prepare": {"size": 100}}, "prepare: size 100 is not a multiple of 32"),
        ({"prepare": {"windw": 1}}, "prepare.windw: Extra inputs"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(change, sentence):
    with pytest.raises(ModelRefusedError, match=sentence):
        parse_card(json.dumps(CARD | change))


def test_numbers_that_are_not_finite_are_refused():
    text = json.dumps(CARD | {"threshold": float("nan")})
    with pytest.raises(ModelRefusedError, match="threshold: Input should be"):
        parse_card(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"mine"'])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(
        ModelRefusedError, match="the model card cannot be read: the doc"
    ):
        parse_card(text)

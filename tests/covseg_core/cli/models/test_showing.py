from __future__ import annotations

import pytest

from covseg_core.cli.models.showing import WIDTH, card_lines
from covseg_core.registry.card import ModelCard

CALIBRATION = {
    "region": "the lungs",
    "n": 1000,
    "temperature": 1.5,
    "ece": 0.02,
    "rows": [[0.1, 0.05, 900], [0.9, 0.95, 100]],
}


@pytest.fixture
def shown():
    def show(**change):
        card = ModelCard(
            name="mine",
            summary="A model.",
            architecture="infnet",
            label_set="lesions",
            **change,
        )
        return list(card_lines(card))

    return show


def test_every_field_stands_at_the_margin(shown):
    keys = [line.split()[0] for line in shown() if not line.startswith(" ")]
    assert keys == list(ModelCard.model_fields)


def test_what_is_not_known_is_a_dash_and_a_nought_is_not(shown):
    lines = shown()
    assert "calibration       -" in lines
    assert "failures          -" in lines
    assert "sure              0.0" in lines
    assert "mirrored          no" in lines


def test_long_texts_hang_under_their_beginning(shown):
    lines = shown(limits="Often. " * 30, failures=("Vessels. " * 20, "Nodules."))
    assert max(map(len, lines)) <= WIDTH
    first = next(number for number, line in enumerate(lines) if "limits " in line)
    assert lines[first + 1].startswith(" " * 18 + "Often.")
    assert any(line.startswith("failures          - Vessels.") for line in lines)
    assert " " * 18 + "- Nodules." in lines


def test_calibration_is_a_sentence_and_a_table(shown):
    lines = shown(calibration=CALIBRATION)
    first = next(number for number, line in enumerate(lines) if "calibration " in line)
    assert lines[first].startswith(
        "calibration       Counted: 1,000 voxels, the lungs."
    )
    table = [line.split() for line in lines[first + 2 : first + 5]]
    assert table == [
        ["mean", "probability", "truly", "infected", "voxels"],
        ["10.0", "%", "5.0", "%", "900"],
        ["90.0", "%", "95.0", "%", "100"],
    ]


def test_settings_stand_below_each_other_and_long_lists_are_counted(shown):
    lines = shown(
        training={"settings": {"augment": {"flip": 0.5}}, "cases": ["a" * 64] * 228}
    )
    first = lines.index("training")
    assert lines[first + 1 : first + 3] == ["  settings", "    augment"]
    assert lines[first + 3].split() == ["flip", "0.5"]
    assert lines[first + 4].split(maxsplit=1)[1] == "228 of them; --json lists them"

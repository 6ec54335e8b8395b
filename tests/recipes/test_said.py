from __future__ import annotations

import pytest
from said import CARDS, read_answers, read_said

from covseg_core.errors import UsageError

WHOLE = """\
summary = "What it is."
limits = "What it cannot."
licence = "Whose."
data = ["From whom."]
references = []
failures = []
mirrored = true
"""


def test_a_card_is_read_with_how_the_model_answers(tmp_path):
    (tmp_path / "new.toml").write_text(WHOLE, encoding="utf-8")
    assert read_said("new", tmp_path)["summary"] == "What it is."
    assert read_answers("new", tmp_path) == {"mirrored": True}


def test_a_card_that_says_too_little_or_too_much_is_refused(tmp_path):
    text = WHOLE.replace("limits", "boasts")
    (tmp_path / "new.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="missing: limits; not allowed: boasts"):
        read_said("new", tmp_path)


def test_a_card_that_is_not_there_says_nothing_of_answers(tmp_path):
    assert read_answers("new", tmp_path) == {}
    with pytest.raises(UsageError, match="begin with a copy of another one"):
        read_said("new", tmp_path)


@pytest.mark.parametrize("card", sorted(CARDS.glob("*.toml")), ids=lambda one: one.stem)
def test_the_cards_of_the_bundled_models_can_be_read(card):
    said = read_said(card.stem)
    assert said["summary"].endswith(".")
    assert "ommercial" in said["licence"]

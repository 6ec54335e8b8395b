from __future__ import annotations

import pytest
import yaml

from covseg_core.registry.readme import readme_of
from covseg_core.registry.store import find_model


def front_matter(text):
    empty, front, _ = text.split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(front)


def test_the_page_says_what_the_card_says():
    metrics = {"folds": "1 of 5", "held out": {"patients": 3, "dice": 0.7272}}
    card = find_model("infnet-small").card.model_copy(update={"metrics": metrics})
    page = readme_of(card, "someone/lungs")
    assert "For research use only; not for diagnosis." in page
    for text in (card.summary, card.limits, card.licence, card.weights_sha256):
        assert text in page
    for source in card.data:
        assert f"- Data: {source}\n" in page
    assert "| folds | 1 of 5 |\n| held out, patients | 3 |\n" in page
    assert "| held out, dice | 0.7272 |" in page
    assert "covseg models pull someone/lungs --name infnet-small" in page


def test_answers_and_their_calibration_are_told_as_a_table(card):
    calibration = {
        "region": "the lungs",
        "n": 1000,
        "temperature": 1.5,
        "ece": 0.02,
        "rows": [[0.1, 0.05, 900], [0.9, 0.95, 100]],
    }
    change = {"mirrored": True, "temperature": 1.5, "calibration": calibration}
    page = readme_of(card.model_copy(update=change), "a/b")
    section = page.partition("## Calibration\n\n")[2].partition("\n\n##")[0]
    sentence, table = section.split("\n\n")
    assert sentence.startswith("An answer is the mean of the slice's and of its mirror")
    assert "1,000 voxels, the lungs" in sentence
    assert table.splitlines() == [
        "| mean probability | truly infected | voxels |",
        "|---:|---:|---:|",
        "| 10.0 % | 5.0 % | 900 |",
        "| 90.0 % | 95.0 % | 100 |",
    ]


def test_failures_and_references_are_lists(card):
    change = {"failures": ("Vessels.", "Nodules."), "references": ("A paper.",)}
    page = readme_of(card.model_copy(update=change), "a/b")
    assert "## What goes wrong\n\n- Vessels.\n- Nodules.\n\n## Training" in page
    assert "## References\n\n- A paper.\n\n`card.json` says" in page


def test_sections_of_which_nothing_is_known_are_left_out_or_say_so(card):
    page = readme_of(card, "a/b")
    assert "goes wrong" not in page
    assert "References" not in page
    assert "what the network says, not tempered. Not measured.\n" in page


def test_metrics_of_several_runs_are_told_each(card):
    metrics = {"fold 1": {"dice": 0.7}, "fold 2": {"dice": 0.6}, "cases": 9}
    page = readme_of(card.model_copy(update={"metrics": metrics}), "a/b")
    assert "| fold 1, dice | 0.7 |\n| fold 2, dice | 0.6 |\n| cases | 9 |\n" in page


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("", {"license": "unknown"}),
        (
            "Non-commercial research: use!",
            {"license": "other", "license_name": "non-commercial-research-use"},
        ),
    ],
)
def test_the_hub_is_told_the_licence_in_its_own_words(card, licence, expected):
    front = front_matter(readme_of(card.model_copy(update={"licence": licence}), "a/b"))
    assert {key: front[key] for key in front if "license" in key} == expected
    assert {"covseg", "infnet", "safetensors"} <= set(front["tags"])
    assert front["pipeline_tag"] == "image-segmentation"


def test_what_is_not_known_is_said_to_be_unknown(card):
    page = readme_of(card.model_copy(update={"intended_use": ""}), "a/b")
    assert page.count("Not stated.") == 3
    assert "- Data: not stated" in page
    assert "None stated." in page


def test_lineage_and_training_are_told(card):
    line = {
        "parent": "first",
        "training": {"epochs_run": 3, "settings": {"seed": 1}, "device": "cpu"},
        "metrics": {"a|b": 0.5},
    }
    page = readme_of(card.model_copy(update=line), "a/b")
    assert "- Trained further from: first\n" in page
    assert "- Epochs run: 3\n- Device: cpu\n" in page
    assert "seed" not in page
    assert r"| a\|b | 0.5 |" in page

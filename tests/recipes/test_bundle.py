from __future__ import annotations

import re
import sys

import bundle as recipe
import pytest
from bundle import bundle, card_with, metrics_of
from by_hand import make_results, write_results

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.learn.plan import run_folder
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.weights import load_model, save_model
from covseg_core.transforms.prepare import Prepare

SAID = {
    "summary": "A small one.",
    "limits": "Many.",
    "licence": "Non-commercial",
    "data": ["Two scans."],
    "references": ["A paper."],
    "failures": ["Vessels."],
    "sure": 0.9,
}
NETWORK = {"backbone": "mobilenetv2_050"}


@pytest.fixture
def trained(covseg_home):
    """A model of random weights in the user's store; gives its name."""
    card = ModelCard(
        name="small",
        summary="unet, trained from scratch.",
        architecture="unet",
        arguments=NETWORK,
        label_set="infection",
        prepare=Prepare(size=32),
        base="first",
        metrics={"held_out_dice": 0.1},
        training={"epochs_run": 1},
    )
    network = create_model("unet", **NETWORK)
    save_model(covseg_home / "models" / "small", card, network.state_dict())
    return "small"


def test_the_card_tells_what_was_said_and_what_was_found(trained, tmp_path):
    entry = bundle(trained, SAID, make_results(), tmp_path)
    card = load_model(entry).card
    assert (card.summary, card.limits) == ("A small one.", "Many.")
    assert (card.data, card.failures) == (("Two scans.",), ("Vessels.",))
    assert (card.threshold, card.temperature, card.sure) == (0.4, 1.5, 0.9)
    assert card.through_plane_mm == 4.0
    assert card.calibration["ece"] == 0.01
    assert "ece_before" not in card.calibration
    assert card.training == {"epochs_run": 1}
    assert card.base is None


def test_metrics_are_those_of_a_user_who_outlines_no_lungs():
    told = metrics_of(make_results())
    assert told["cross_validation_folds"] == "2 of 2"
    volumes = {"patients": 2, "dice": 0.7, "false_ml": 3.25}
    assert told["MedSeg: volumes"] == volumes
    assert told["MedSeg: pictures"] == {"patients": 5, "dice": 0.65, "ggo": 0.5}


def test_the_weights_take_half_the_place(trained, tmp_path, covseg_home):
    whole = (covseg_home / "models" / trained).glob("*.safetensors")
    entry = bundle(trained, SAID, make_results(), tmp_path)
    assert entry.weights.stat().st_size < 0.6 * next(whole).stat().st_size


def test_a_model_that_is_too_large_leaves_the_old_one(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "LARGEST_MB", 1)
    with pytest.raises(ModelRefusedError, match=r"takes \d+\.\d MB, and 1 are allowed"):
        bundle(trained, SAID, make_results(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_was_not_trained_here_is_refused(tmp_path):
    with pytest.raises(ModelRefusedError, match="not in the user's store"):
        bundle("infnet-small", SAID, make_results(), tmp_path)


def test_the_log_of_the_training_stays_beside_the_results(
    trained, tmp_path, monkeypatch, capsys
):
    results, into = write_results(tmp_path, name=trained), tmp_path / "bundled"
    monkeypatch.setattr(recipe, "read_said", {trained: SAID}.get)
    options = [trained, "--results", str(results), "--into", str(into)]
    monkeypatch.setattr(sys, "argv", ["bundle.py", *options])
    with pytest.raises(ModelRefusedError, match="no log of how 'small' was trained"):
        recipe.main()
    assert not into.exists()
    run = run_folder(trained)
    run.mkdir(parents=True)
    (run / "log.csv").write_text("epoch,loss\n1,0.5\n", encoding="utf-8")
    recipe.main()
    assert (tmp_path / "small.log.csv").read_text("utf-8") == "epoch,loss\n1,0.5\n"
    assert re.fullmatch(r"small: \d+\.\d MB of at most 12\n", capsys.readouterr().out)
    assert (into / trained / "card.json").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_set": "lungs"}, "label_set 'lungs', this one has 'infection'"),
        (
            {"answers": {"sure": 0.0, "temperature": 1.0}},
            "sure = 0.0, the card says 0.9",
        ),
    ],
)
def test_results_of_something_else_are_refused(change, message):
    card = ModelCard(
        name="small", summary="", architecture="unet", label_set="infection"
    )
    with pytest.raises(InputRefusedError, match=message):
        card_with(card, SAID, make_results(**change))

"""`covseg pretrain` on a few pictures, and what may be done with its model."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
from PIL import Image

from covseg_core.learn import pretrain as learning
from covseg_core.learn.plan import read_plan_as, run_folder
from covseg_core.learn.pretrain_plan import PretrainPlan
from covseg_core.registry.store import find_model
from covseg_core.training.pretrain import PretrainStep

QUICK = ("--arch", "unet", "--backbone", "mobilenetv3_small_050", "--size", 64)
QUICK += ("--epochs", 1, "--batch-size", 2, "--device", "cpu", "--progress", "none")


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of grey noise."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in range(3):
        grey = rng.integers(0, 255, (70, 60), np.uint8)
        Image.fromarray(grey).save(folder / f"{number}.png")
    return folder


def test_pictures_become_a_model_that_only_train_takes(covseg, refused, pictures):
    answer = covseg("pretrain", pictures, "--name", "pre", *QUICK)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines() == [
        "pre: pretrained by inpainting on 3 slices.",
        "Train it: covseg train CASES --name NEW --parent pre",
    ]
    picture = pictures / "0.png"
    words = ("predict", picture, "--slices8bit", "--model", "pre", "-o", pictures / "o")
    told = refused(4, *words)
    assert "only pretrained; train it first: covseg train CASES --name NEW" in told
    assert "only pretrained" in refused(4, "models", "promote", "pre")


def test_its_model_is_listed_shown_and_travels(covseg, refused, pictures, tmp_path):
    assert covseg("pretrain", pictures, "--name", "pre", *QUICK).code == 0
    listed = covseg("models", "list").out
    assert "pretrained by inpainting; outlines nothing yet" in listed
    assert covseg("models", "show", "pre", "--json").json["pretext"] == "inpainting"
    bundle = tmp_path / "pre.covseg.zip"
    assert covseg("models", "export", "pre", "-o", bundle).code == 0
    assert covseg("models", "remove", "pre").code == 0
    answer = covseg("models", "import", bundle, "--name", "pre")
    assert answer.code == 0, answer.err
    assert find_model("pre").card.pretext == "inpainting"
    assert "only pretrained" in refused(4, "models", "promote", "pre")


def test_lines_of_json_tell_who_learns(covseg, pictures):
    words = ("pretrain", pictures, "--name", "pre", *QUICK[:-1], "jsonl")
    events = [json.loads(line) for line in covseg(*words).out.splitlines()]
    assert [event["event"] for event in events] == [
        *["prepared"] * 4,
        *["step"] * 2,
        "outcome",
    ]
    assert [event["coach"] for event in events if event["event"] == "step"] == [
        True,
        False,
    ]
    assert events[-1]["slices"] == 3


def test_turns_told_right_are_shown_after_an_epoch(covseg, pictures):
    words = ("pretrain", pictures, "--name", "pre", "--task", "rotation")
    answer = covseg(*words, *QUICK[:-1], "rich", "--json")
    assert "turns told right" in answer.err
    assert answer.json["pretext"] == "rotation"
    assert "turns_told_right" in answer.json["metrics"]


def test_ctrl_c_stops_after_the_step_and_resume_goes_on(
    covseg, refused, pictures, monkeypatch
):
    plain = learning.learn_pretext

    def interrupted(scans, plan, *, resume):
        for event in (steps := plain(scans, plan, resume=resume)):
            if isinstance(event, PretrainStep):
                os.kill(os.getpid(), signal.SIGINT)
            try:
                yield event
            except GeneratorExit:
                steps.close()
                raise

    monkeypatch.setattr(learning, "learn_pretext", interrupted)
    words = ("pretrain", pictures, "--name", "pre")
    told = refused(130, *words, *QUICK)
    assert "go on with: covseg pretrain IMAGES --name pre --resume" in told
    assert len(list(run_folder("pre").glob("*.ckpt"))) == 1
    monkeypatch.setattr(learning, "learn_pretext", plain)

    assert "go on with --resume" in refused(2, *words, *QUICK)
    assert "leave --size away" in refused(2, *words, "--resume", "--size", 64)
    other = ("pretrain", pictures / "0.png", "--name", "pre", "--resume")
    assert "these are not the 3 images" in refused(2, *other)
    again = covseg(*words, "--resume", "--progress", "none")
    assert again.code == 0, again.err
    assert find_model("pre").card.training["epochs_run"] == 1
    # A run that is over tells its outcome once more.
    assert covseg(*words, "--resume").out == again.out


def test_what_makes_no_sense_is_refused_before_anything_is_written(
    refused, pictures, tmp_path, covseg_home
):
    words = ("pretrain", pictures, "--name", "pre")
    assert "no run 'pre' to go on" in refused(2, *words, "--resume")
    assert "--keep" in refused(2, *words, "--keep", 1)
    assert "--size: must be a multiple of 32" in refused(2, *words, "--size", 100)
    odd = ("--masks", "random", "--coach-share", 1)
    assert "--coach-share would change nothing" in refused(2, *words, *odd)
    refused(2, *words, "--rehearsal", 0.5)
    refused(4, *words, "--arch", "nothing")
    refused(3, "pretrain", tmp_path / "nothing", "--name", "pre")
    config = tmp_path / "c.toml"
    config.write_text('parent = "infnet-small"\n')
    assert "says parent, which is no" in refused(2, *words, "--config", config)
    assert not (covseg_home / "runs").exists()


def test_a_plan_keeps_what_was_said(covseg, pictures, monkeypatch, tmp_path):
    from covseg_core.learn.plan import write_plan

    def stop(scans, plan, *, resume):
        write_plan(plan)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(learning, "learn_pretext", stop)
    config = tmp_path / "c.toml"
    config.write_text('epochs = 7\nkeep = 0.5\nbackbone = "resnet50"\n')
    words = ("--config", config, "--epochs", 3, "--reconstruction", "cross-entropy")
    assert covseg("pretrain", pictures, "--name", "pre", *words).code == 130
    plan = read_plan_as(PretrainPlan, "pre")
    assert (plan.settings.epochs, plan.settings.keep) == (3, 0.5)
    assert plan.settings.reconstruction == "cross-entropy"
    assert plan.card.arguments == {"backbone": "resnet50"}
    assert len(plan.scans) == 3

from __future__ import annotations

import pytest

from covseg_core.learn.following import Following
from covseg_core.learn.plan import run_folder
from covseg_core.training.fit import Step
from covseg_core.training.log import RunLog


def step(epoch, batch, loss=0.5, score=None):
    return {
        "event": "step",
        "epoch": epoch,
        "epochs": 4,
        "batch": batch,
        "batches": 2,
        "loss": loss,
        "learning_rate": 1e-3,
        "score": score,
    }


def test_stages_are_told_in_words():
    run = Following()
    assert run.sentence == "Starting …"
    run.hear({"event": "prepared", "done": 1, "total": 3}, 0)
    assert run.sentence == "Preparing case 2 of 3 …"
    assert run.share is None
    run.hear({"event": "prepared", "done": 3, "total": 3}, 0)
    assert run.sentence == "Preparing case 3 of 3 …"
    run.hear(step(1, 1), 0)
    assert run.sentence == "Epoch 1 of 4 …"
    run.hear({"event": "compared", "done": 0, "total": 2}, 0)
    assert run.sentence == "Comparing case 1 of 2 …"


def test_curves_have_a_point_per_epoch():
    run = Following()
    run.hear(step(1, 1, loss=0.9), 0)
    assert run.losses == []
    run.hear(step(1, 2, loss=0.8, score=0.3), 0)
    run.hear(step(2, 1, loss=0.6), 0)
    run.hear(step(2, 2, loss=0.5), 0)
    assert run.losses == [(1, 0.8), (2, 0.5)]
    assert run.scores == [(1, 0.3)]
    assert run.epochs == 4


@pytest.mark.parametrize(
    ("every", "words"),
    [(6, "less than a minute"), (60, "6 min"), (1200, "2 h 0 min")],
)
def test_time_left_follows_from_the_steps_that_were_heard(every, words):
    # Two of eight steps take `every`; the first one is not timed, as it starts late.
    run = Following()
    run.hear(step(1, 1), 100)
    assert run.seconds_left is None
    run.hear(step(1, 2), 100 + every)
    assert run.share == pytest.approx(1 / 4)
    assert run.seconds_left == pytest.approx(6 * every)
    assert run.sentence == f"Epoch 1 of 4 … {words} left"


def test_resumed_run_keeps_its_curves_and_trains_late_epochs_again():
    folder = run_folder("again")
    folder.mkdir(parents=True)
    log = RunLog(folder)
    for epoch, score in ((1, 0.2), (2, None), (3, 0.4)):
        log.add(Step(epoch, 4, 2, 2, 1 / epoch, 1e-3, score))
    run = Following.of_run("again")
    assert run.losses == [(1, 1), (2, 1 / 2), (3, 1 / 3)]
    assert run.scores == [(1, 0.2), (3, 0.4)]
    run.hear(step(3, 1), 0)
    run.hear(step(3, 2, loss=0.3, score=0.5), 8)
    assert run.losses == [(1, 1), (2, 1 / 2), (3, 0.3)]
    assert run.scores == [(1, 0.2), (3, 0.5)]
    # Half an epoch in 8 s, and one epoch to go.
    assert run.seconds_left == pytest.approx(16)


def test_outcome_is_kept():
    run = Following()
    run.hear({"event": "outcome", "model": "new", "promoted": True}, 0)
    assert run.outcome["promoted"]
    assert (run.share, run.stage) == (1.0, "Done")


def test_lines_of_other_commands_are_passed_over():
    run = Following()
    run.hear({"event": "gathered", "number": 1}, 0)
    assert run == Following()

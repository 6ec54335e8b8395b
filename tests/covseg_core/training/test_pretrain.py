from __future__ import annotations

import pytest
import torch

from covseg_core.models.encoder_unet import EncoderUNet
from covseg_core.models.infnet import InfNet
from covseg_core.models.inpainter import heads_of
from covseg_core.training.checkpoint import Checkpoints, checkpointed
from covseg_core.training.devices import make_fabric
from covseg_core.training.pretrain import pretrain
from covseg_core.training.pretrain_config import PretrainSettings
from covseg_core.transforms.augment_config import Augment

pytestmark = pytest.mark.usefixtures("one_thread")

STILL = Augment(**dict.fromkeys(set(Augment.model_fields) - {"cutout_share"}, 0.0))
TASKS = {
    "coach": {"coach_share": 0.5},
    "random": {"masks": "random"},
    "rotation": {"task": "rotation"},
}


@pytest.fixture(params=TASKS)
def task(request):
    """Settings of each task in turn."""
    return TASKS[request.param]


@pytest.fixture
def begin(blobs, prepare):
    """Begin to pretrain a small U-Net on the blobs."""

    def make(network=None, state=None, **change):
        if network is None:
            torch.manual_seed(0)
            network = EncoderUNet("mobilenetv3_small_050", width=4)
        quick = {"epochs": 2, "batch_size": 4, "device": "cpu"}
        chosen = PretrainSettings(**(quick | change))
        fabric = make_fabric(chosen.training)
        return pretrain(network, blobs, prepare, chosen, fabric, state=state)

    return make


def same(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[key], second[key]) for key in first
    )


def test_the_coach_takes_its_steps_then_the_network(begin):
    steps = list(begin(**TASKS["coach"]).steps)
    told = [(s.epoch, s.batch, s.batches, s.coach, s.ends_epoch) for s in steps]
    assert told == [
        (epoch, *place)
        for epoch in (1, 2)
        for place in ((1, 3, True, False), (2, 3, False, False), (3, 3, False, True))
    ]


def test_without_a_coach_every_step_is_the_networks(begin):
    run = begin(masks="random")
    steps = list(run.steps)
    assert [step.coach for step in steps] == [False] * 4
    assert run.trainee.coach is None
    assert run.epochs_done == 2


def test_a_run_that_goes_on_ends_with_the_very_weights(begin, task):
    whole = begin(**task)
    expected = list(whole.steps)
    for stop in (1, len(expected) - 2):
        cut = begin(**task)
        first = [next(cut.steps) for _ in range(stop)]
        cut.steps.close()
        state = cut.trainee.state_dict()
        assert state["step"] == stop
        # Another beginning, which the checkpoint must overrule.
        again = begin(state=state, **task)
        assert first + list(again.steps) == expected
        assert same(again.handed_on(), whole.handed_on())


def test_a_checkpoint_holds_network_coach_and_both_optimisers(begin, tmp_path):
    run = begin(**TASKS["coach"])
    checkpoints = Checkpoints(tmp_path)
    steps = checkpointed(run.steps, run.trainee, checkpoints, every_s=0)
    for _ in range(4):
        next(steps)
    steps.close()
    state = checkpoints.load()
    assert state["step"] == 4
    again = begin(state=state, **TASKS["coach"])
    assert (again.trainee.step, again.trainee.coach_trainee.step) == (2, 2)
    assert same(again.trainee.coach.state_dict(), run.trainee.coach.state_dict())
    adam = again.trainee.coach_trainee.adam.state_dict()["state"]
    assert adam.keys() == run.trainee.coach_trainee.adam.state_dict()["state"].keys()


def test_the_network_stays_and_gets_what_was_learnt_when_it_is_loaded(
    begin, tiny, task
):
    torch.manual_seed(0)
    network = InfNet(**tiny)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    run = begin(network, epochs=1, **task)
    list(run.steps)
    assert same(network.state_dict(), before)
    network.load_state_dict(run.handed_on())
    changed = {
        k for k, v in network.state_dict().items() if not torch.equal(v, before[k])
    }
    assert "encoder" in {key.partition(".")[0] for key in changed}
    assert not any(key.startswith(heads_of(network)) for key in changed)
    assert any(key.endswith("running_mean") for key in changed)


def test_the_seed_decides(begin):
    first = begin(masks="random", epochs=1)
    list(first.steps)
    other = begin(masks="random", epochs=1, seed=1)
    list(other.steps)
    assert not same(first.handed_on(), other.handed_on())


def test_repainting_is_learnt(begin):
    how = {"masks": "random", "learning_rate": 0.03, "augment": STILL}
    steps = list(begin(epochs=5, **how).steps)
    losses = {step.epoch: step.loss for step in steps}
    assert losses[5] < 0.5 * losses[1]


def test_how_well_turns_are_told_is_told_after_every_epoch(begin):
    steps = list(begin(task="rotation", epochs=2).steps)
    scores = [step.score for step in steps]
    assert [score is None for score in scores] == [True, False] * 2
    assert all(0 <= score <= 1 for score in scores if score is not None)

"""A run that was cut goes on as if nothing had happened."""

from __future__ import annotations

import pytest
import torch

from covseg_core.models import create_model
from covseg_core.training.checkpoint import NAMES, Checkpoints, checkpointed
from covseg_core.training.config import TrainSettings
from covseg_core.training.devices import make_fabric
from covseg_core.training.start import start

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = TrainSettings(
    epochs=2, batch_size=4, device="cpu", learning_rate=3e-3, patience=0
)


@pytest.fixture
def begin(tiny, blobs, prepare):
    """Begin a training of a tiny Inf-Net, or go on from a state."""

    def begun(state=None, settings=SETTINGS, validation=blobs):
        torch.manual_seed(3)
        return start(
            create_model("infnet", **tiny),
            blobs,
            prepare,
            settings,
            make_fabric(settings),
            validation=validation,
            state=state,
        )

    return begun


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_resumed_run_ends_with_the_very_bits_of_one_that_was_not_cut(begin, tmp_path):
    whole = begin()
    told = list(whole.steps)
    for steps in (1, 2, 3):
        assert_goes_on(begin, tmp_path / str(steps), steps, whole, told)


def assert_goes_on(begin, folder, steps, whole, told):
    """Cut a run after some steps, go on, and compare with the one that was whole."""
    folder.mkdir()
    cut = begin()
    checkpoints = Checkpoints(folder)
    kept = checkpointed(cut.steps, cut.trainee, checkpoints, every_s=1e9)
    before = [next(kept) for _ in range(steps)]
    kept.close()
    torch.rand(17)  # numbers drawn by others must not matter

    state = Checkpoints(folder).load()
    assert state["step"] == steps
    resumed = begin(state)
    assert before + list(resumed.steps) == told
    assert_same(
        resumed.trainee.network.state_dict(), whole.trainee.network.state_dict()
    )
    assert_same(resumed.trainee.best.weights, whole.trainee.best.weights)
    assert resumed.trainee.best.epoch == whole.trainee.best.epoch


def test_other_schedules_and_scales_resume_to_the_bit_as_well(begin, tmp_path):
    change = {"schedule": "cosine", "multi_scale": True, "epochs": 1}
    settings = SETTINGS.model_copy(update=change)
    whole = begin(settings=settings)
    list(whole.steps)
    cut = begin(settings=settings)
    next(cut.steps)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(cut.trainee.state_dict())
    resumed = begin(checkpoints.load(), settings)
    list(resumed.steps)
    assert_same(
        resumed.trainee.network.state_dict(), whole.trainee.network.state_dict()
    )


def test_two_files_are_written_in_turn_and_the_newer_is_read(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save({"step": step})
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES)
    assert Checkpoints(tmp_path).load() == {"step": 3}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_a_damaged_checkpoint_leaves_the_other_one(tmp_path, damage):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({"step": 1, "weights": torch.arange(9.0)})
    checkpoints.save({"step": 2, "weights": torch.arange(9.0)})
    newer = tmp_path / NAMES[1]
    content = bytearray(newer.read_bytes())
    if damage == "cut":
        newer.write_bytes(content[:-20])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        newer.write_bytes(content)
    elif damage == "empty":
        newer.write_bytes(b"")
    else:
        newer.unlink()
    after = Checkpoints(tmp_path)
    assert after.load()["step"] == 1
    after.save({"step": 9})
    assert (tmp_path / NAMES[0]).exists()
    assert Checkpoints(tmp_path).load()["step"] == 9


def test_without_checkpoints_there_is_nothing_to_load(tmp_path):
    assert Checkpoints(tmp_path).load() is None


def test_a_checkpoint_with_code_in_it_is_not_run(tmp_path):
    import hashlib
    import pickle

    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    content = pickle.dumps({"step": 1, "evil": Evil()})
    (tmp_path / NAMES[0]).write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(pickle.UnpicklingError):
        Checkpoints(tmp_path).load()
    assert not (tmp_path / "ran").exists()


def test_a_better_score_is_on_disk_at_once(begin, tmp_path):
    run = begin()
    checkpoints = Checkpoints(tmp_path)
    for step in checkpointed(run.steps, run.trainee, checkpoints, every_s=1e9):
        if step.ends_epoch:
            break
    state = checkpoints.load()
    assert state["best"]["epoch"] == 1
    assert state["step"] == step.batches

from __future__ import annotations

import pytest
import torch

from covseg_core.errors import UsageError
from covseg_core.training.config import TrainSettings
from covseg_core.training.devices import is_first_process, make_fabric
from covseg_core.training.pretrain_config import PretrainSettings


def test_the_cpu_is_one_process_in_full_precision():
    fabric = make_fabric(TrainSettings(device="cpu"))
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")
    assert fabric.is_global_zero


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_the_precision_is_that_of_the_networks_arithmetic(precision, dtype):
    fabric = make_fabric(TrainSettings(device="cpu", precision=precision))
    with fabric.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == dtype


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="fewer than were asked for"):
        make_fabric(TrainSettings(device="cuda:99"))


def test_a_batch_that_is_too_small_for_the_devices_is_refused_before_they_start():
    with pytest.raises(UsageError, match="--batch-size 4 is too small for 5 devices"):
        make_fabric(TrainSettings(device="cpu", devices=5, batch_size=4))


@pytest.mark.parametrize("settings", [TrainSettings, PretrainSettings])
def test_half_precision_on_the_cpu_is_refused_with_what_to_choose(settings):
    chosen = settings(device="cpu", precision="float16")
    with pytest.raises(UsageError, match=r"on the CPU; choose bfloat16 or float32"):
        make_fabric(getattr(chosen, "training", chosen))


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK"])
def test_a_number_that_another_program_left_makes_no_helper(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    assert make_fabric(TrainSettings(device="cpu")).is_global_zero
    assert is_first_process()


def test_an_environment_that_numbers_processes_in_words_is_refused(monkeypatch):
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(UsageError, match="RANK in the environment is 'first', not a"):
        make_fabric(TrainSettings(device="cpu"))

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from covseg_core.errors import ModelRefusedError
from covseg_core.models.tensor_file import fit_tensors, read_tensors


class Bomb:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_code_in_a_file_is_never_run(tmp_path):
    target = tmp_path / "owned"
    torch.save({"weight": torch.zeros(1), "bomb": Bomb(target)}, tmp_path / "evil.pth")
    with pytest.raises(
        ModelRefusedError, match=r"evil\.pth .* code, which is never run"
    ):
        read_tensors(tmp_path / "evil.pth")
    assert not target.exists()
    # The same file is dangerous in hands that trust it.
    torch.load(tmp_path / "evil.pth", weights_only=False)
    assert target.exists()


def test_the_folder_of_a_file_is_not_told(tmp_path):
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ModelRefusedError, match=r"^cut\.pth cannot be read") as error:
        read_tensors(tmp_path / "cut.pth")
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("name", ["empty.pth", "empty.safetensors"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ModelRefusedError, match="cannot be read as weights"):
        read_tensors(tmp_path / name)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(ModelRefusedError, match=r"there is no file gone\.pth"):
        read_tensors(tmp_path / "gone.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(1)], "holds a list; needed is a state_dict"),
        ({}, "holds a dict; needed is a state_dict"),
        ({"epoch": 3, "a": torch.zeros(1)}, "more than plain tensors: epoch"),
        ({"state_dict": {"a": torch.zeros(1)}}, "more than plain tensors: state_dict"),
        ({"a": torch.zeros(2).to_sparse()}, "more than plain tensors: a"),
        ({"a": torch.zeros(2, dtype=torch.complex64)}, "more than plain tensors: a"),
    ],
)
def test_anything_but_plain_tensors_by_name_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(ModelRefusedError, match=message):
        read_tensors(tmp_path / "file.pth")


def test_a_file_of_the_old_format_is_read(tmp_path):
    torch.save(
        {"a": torch.ones(2)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False
    )
    assert torch.equal(read_tensors(tmp_path / "old.pth")["a"], torch.ones(2))


def test_half_precision_is_widened_and_counters_start_at_zero():
    network = nn.BatchNorm2d(2)
    found = {"weight": torch.tensor([0.5, 2.0], dtype=torch.float16)}
    found |= {k: torch.ones(2) for k in ("bias", "running_mean", "running_var")}
    fitted = fit_tensors(found, network.state_dict(), "file.pth")
    assert fitted["weight"].dtype == torch.float32
    assert fitted["num_batches_tracked"] == 0
    network.load_state_dict(fitted)

from __future__ import annotations

import os

import pytest
import torch

from covseg_core.errors import InputRefusedError, OutputError
from covseg_core.training.slice_cache import SliceWriter, open_slices


def write(folder, blobs, key="k"):
    with SliceWriter(folder, key) as writer:
        writer.add("one", blobs)
        writer.add("two", blobs)


def test_slices_come_back_as_they_were_written(tmp_path, blobs):
    write(tmp_path / "new", blobs)
    slices, cases = open_slices(tmp_path / "new", "k")
    assert len(slices) == 16
    assert cases == ("one",) * 8 + ("two",) * 8
    for half in (slice(0, 8), slice(8, 16)):
        assert torch.equal(slices.pixels[half], blobs.pixels)
        assert torch.equal(slices.labels[half], blobs.labels)
        assert torch.equal(slices.weights[half], blobs.weights)


def test_slices_of_another_key_or_half_written_are_not_there(tmp_path, blobs):
    assert open_slices(tmp_path, "k") is None
    write(tmp_path, blobs)
    assert open_slices(tmp_path, "other") is None
    with pytest.raises(AttributeError), SliceWriter(tmp_path, "k") as writer:
        writer.add("one", None)
    assert open_slices(tmp_path, "k") is None


def test_no_slices_at_all_are_refused(tmp_path):
    with SliceWriter(tmp_path, "k"):
        pass
    with pytest.raises(InputRefusedError, match="none of the cases has a slice"):
        open_slices(tmp_path, "k")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_a_sentence(tmp_path, blobs):
    (tmp_path / "pixels.f16").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"):
        write(tmp_path, blobs)

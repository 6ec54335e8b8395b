from __future__ import annotations

import errno
import os
import subprocess
import sys
import time

import pytest

from covseg_core.cases import disk
from covseg_core.cases.disk import (
    hold,
    place_file,
    place_folder,
    read_text,
    sha256_of,
    staged,
    sweep,
    writing,
)
from covseg_core.errors import InputRefusedError, OutputError

HOLDER = """
import sys, time
from pathlib import Path
from covseg_core.cases.disk import hold
with hold(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_keeps_other_programs_out_and_is_free_when_they_die(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(disk, "LOCK_SECONDS", 0.1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        refusal = pytest.raises(OutputError, match="it has been in use by another")
        with refusal, hold(tmp_path, "it"):
            pytest.fail("two programs held one lock")
    finally:
        holder.kill()
        holder.communicate()
    with hold(tmp_path, "it"):
        assert (tmp_path / ".lock").exists()


def test_what_is_no_folder_cannot_be_locked(tmp_path):
    (tmp_path / "file").touch()
    refusal = pytest.raises(OutputError, match="the case x cannot be locked")
    with refusal, hold(tmp_path / "file", "the case x"):
        pytest.fail("a lock without a folder")


def test_a_failed_write_is_told_in_one_sentence():
    refusal = pytest.raises(
        OutputError, match="the mask could not be written: No space"
    )
    with refusal, writing("the mask"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(params=["links", "no links"])
def on_any_disk(request, monkeypatch):
    if request.param == "no links":

        def refuse(*_):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)


def test_a_file_gets_its_name_once(on_any_disk, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    place_file(tmp_path / "first", tmp_path / "target")
    with pytest.raises(FileExistsError):
        place_file(tmp_path / "second", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "first"
    assert (tmp_path / "second").read_text() == "second"


def test_a_folder_gets_its_name_unless_something_has_it(tmp_path):
    for name in ("stage", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "target").mkdir()
    place_folder(tmp_path / "stage", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "stage"
    with pytest.raises(OSError, match="not empty"):
        place_folder(tmp_path / "other", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "stage"


def test_what_was_staged_and_not_placed_goes(tmp_path):
    with staged(tmp_path, ".json") as path:
        path.write_text("draft")
        assert path.name.startswith(".new-")
    with staged(tmp_path) as folder:
        folder.mkdir()
        (folder / "file").write_text("draft")
    assert list(tmp_path.iterdir()) == []


def test_only_old_leftovers_are_swept(tmp_path):
    old = time.time() - 7200
    (tmp_path / ".new-folder").mkdir()
    (tmp_path / ".new-folder" / "file").touch()
    names = [".covseg-1.json", ".v0001_model.json", "v0001_model.nii.gz", ".lock"]
    for name in names:
        (tmp_path / name).touch()
    for path in list(tmp_path.iterdir()):
        os.utime(path, (old, old))
    (tmp_path / ".new-fresh").touch()
    sweep(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".lock", ".new-fresh", "v0001_model.nii.gz"]


def test_a_file_that_cannot_be_read_is_named_without_its_folder(tmp_path):
    with pytest.raises(InputRefusedError, match=r"^gone.json cannot be read: No such"):
        sha256_of(tmp_path / "gone.json")
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    with pytest.raises(InputRefusedError, match="it cannot be read: it is damaged"):
        read_text(tmp_path / "latin", "it")

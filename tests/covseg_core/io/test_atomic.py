from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from covseg_core.errors import OutputError
from covseg_core.io.atomic import (
    write_atomically,
    write_bytes,
    write_json,
    write_text,
)

WRITER_THAT_HANGS = """
import sys, time
from pathlib import Path
from covseg_core.io.atomic import write_atomically

def write(path):
    with path.open("wb") as file:
        file.write(b"half of the new")
        file.flush()
        print("writing", flush=True)
        time.sleep(60)

write_atomically(Path(sys.argv[1]), write)
"""


@pytest.fixture
def old_file(tmp_path):
    path = tmp_path / "mask.nii.gz"
    path.write_bytes(b"old")
    return path


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def fail_with(number):
    def write(path):
        path.write_bytes(b"half")
        raise OSError(number, os.strerror(number), str(path))

    return write


def test_a_new_file_holds_what_was_written_and_nothing_else_is_left(tmp_path):
    write_bytes(tmp_path / "new.bin", b"content")
    assert (tmp_path / "new.bin").read_bytes() == b"content"
    assert names_in(tmp_path) == ["new.bin"]


def test_an_old_file_is_replaced(old_file):
    write_bytes(old_file, b"new")
    assert old_file.read_bytes() == b"new"


def test_the_writer_gets_a_hidden_file_in_the_same_folder_with_the_suffix(old_file):
    seen = []
    write_atomically(old_file, lambda path: seen.append(path))
    assert seen[0].parent == old_file.parent
    assert seen[0].name.startswith(".")
    assert seen[0].name.endswith(".nii.gz")


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.nii", ".nii"), ("Doe.1.2.nii.gz", ".nii.gz"), ("IM0001", ""), ("a.gz", ".gz")],
)
def test_the_temporary_name_keeps_the_format_and_no_other_part(tmp_path, name, suffix):
    seen = []
    write_atomically(tmp_path / name, lambda path: seen.append(path.name))
    stem = seen[0].removesuffix(suffix) if suffix else seen[0]
    assert stem.startswith(".covseg-")
    assert "." not in stem[1:]


def test_a_full_disk_keeps_the_old_file_and_says_so(old_file):
    with pytest.raises(OutputError, match=r"mask\.nii\.gz .* disk is full.*untouched"):
        write_atomically(old_file, fail_with(errno.ENOSPC))
    assert old_file.read_bytes() == b"old"
    assert names_in(old_file.parent) == ["mask.nii.gz"]


def test_the_message_holds_no_folder(old_file):
    with pytest.raises(OutputError) as caught:
        write_atomically(old_file, fail_with(errno.EIO))
    assert str(old_file.parent) not in str(caught.value)


def test_a_failed_check_keeps_the_old_file(old_file):
    def check(path):
        raise OutputError("read back differently")

    with pytest.raises(OutputError, match="read back differently"):
        write_atomically(
            old_file, lambda path: path.write_bytes(b"bad") and None, check
        )
    assert old_file.read_bytes() == b"old"
    assert names_in(old_file.parent) == ["mask.nii.gz"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_any_other_failure_passes_on_and_leaves_no_half_file(old_file, error):
    def write(path):
        path.write_bytes(b"half")
        raise error

    with pytest.raises(error):
        write_atomically(old_file, write)
    assert old_file.read_bytes() == b"old"
    assert names_in(old_file.parent) == ["mask.nii.gz"]


def test_a_disk_that_swallows_bytes_is_noticed(old_file, monkeypatch):
    monkeypatch.setattr(
        "covseg_core.io.atomic._write_all", lambda path, content: path.write_bytes(b"")
    )
    with pytest.raises(OutputError, match="read back differently"):
        write_bytes(old_file, b"new")
    assert old_file.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
def test_a_process_killed_while_writing_leaves_the_old_file(old_file):
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER_THAT_HANGS, str(old_file)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"writing\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert old_file.read_bytes() == b"old"
    write_bytes(old_file, b"new")
    assert old_file.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_mode_of_the_old_file_is_kept(old_file, mode):
    old_file.chmod(mode)
    write_bytes(old_file, b"new")
    assert stat.S_IMODE(old_file.stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_nobody_else_can_read_a_private_file_while_it_is_written(old_file):
    old_file.chmod(0o600)
    modes = []
    write_atomically(old_file, lambda path: modes.append(path.stat().st_mode))
    assert stat.S_IMODE(modes[0]) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path):
    old = os.umask(0o027)
    try:
        write_bytes(tmp_path / "new", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "store").mkdir()
    target = tmp_path / "store" / "real.json"
    target.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_a_link_to_nothing_makes_the_file_that_it_names(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "later")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "later").read_text() == "new"


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_bytes(tmp_path / "none" / "a", b"")


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "cases").mkdir()
    with pytest.raises(OutputError, match="a folder has that name"):
        write_bytes(tmp_path / "cases", b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
def test_a_device_or_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="a device or pipe has that name"):
        write_bytes(tmp_path / "pipe", b"")


def test_a_write_protected_file_is_not_replaced(old_file, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(OutputError, match="you may not write there"):
        write_bytes(old_file, b"new")
    assert old_file.read_bytes() == b"old"


def test_json_is_readable_text_that_comes_back(tmp_path):
    document = {"title": "Verschattung – größer", "values": [1, 2.5, None]}
    write_json(tmp_path / "card.json", document)
    text = (tmp_path / "card.json").read_text(encoding="utf-8")
    assert json.loads(text) == document
    assert "größer" in text
    assert text.endswith("}\n")


def test_json_that_no_reader_could_read_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "card.json", {"dice": float("nan")})
    assert names_in(tmp_path) == []


def test_text_has_the_same_line_ends_on_every_system(tmp_path):
    write_text(tmp_path / "a.txt", "one\ntwo\n")
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo\n"

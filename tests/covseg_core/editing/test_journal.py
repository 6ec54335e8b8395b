from __future__ import annotations

import stat
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from covseg_core.editing.change import Change
from covseg_core.editing.journal import (
    JournalHeader,
    JournalWriter,
    is_in_use,
    remove_journal,
)
from covseg_core.editing.recover import read_journal
from covseg_core.errors import InputRefusedError

SHAPE = (3, 8, 8)


@pytest.fixture
def header():
    return JournalHeader(
        shape=SHAPE,
        affine_lps=tuple(tuple(row) for row in np.eye(4)),
        standard_shape=SHAPE,
        label_set="lesions",
        title="Infection",
        path="/scans/a.nii.gz",
        started_utc="2026-01-02T03:04:05+00:00",
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recovery" / "one.journal"


def masks():
    """An opened mask, and how it looked after each of three edits."""
    opened = np.zeros(SHAPE, np.uint8)
    opened[0, 1:4, 1:4] = 1
    states = [opened]
    for number, (row, value) in enumerate(((5, 2), (6, 1), (2, 0))):
        after = states[-1].copy()
        after[number % 3, row] = value
        states.append(after)
    return states


def written(path, header, states) -> JournalWriter:
    writer = JournalWriter(path, header)
    writer.write_base(Change.between("", np.zeros_like(states[0]), states[0]))
    for before, after in pairwise(states):
        writer.write_change(Change.between("Brush", before, after))
    return writer


def refuse(*arguments):
    raise OSError(28, "No space left on device")


def test_mask_comes_back_as_it_was_after_the_last_edit(path, header):
    states = masks()
    written(path, header, states).close()
    recovered = read_journal(path)
    np.testing.assert_array_equal(recovered.base, states[0])
    np.testing.assert_array_equal(recovered.labels, states[-1])
    assert recovered.header == header
    assert recovered.edits == 3


def test_only_its_owner_may_read_it(path, header):
    written(path, header, masks()).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_blank_mask_needs_no_base(path, header):
    writer = JournalWriter(path, header)
    writer.write_base(None)
    writer.close()
    assert not read_journal(path).labels.any()


@pytest.mark.parametrize("kept", [0.4, 0.6, 0.8, 0.95, 0.999])
def test_cut_journal_gives_every_edit_that_is_whole(path, header, kept):
    states = masks()
    written(path, header, states).close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    try:
        recovered = read_journal(path)
    except InputRefusedError as refusal:
        assert "before the first edit" in str(refusal)  # noqa: PT017
        return
    assert recovered.edits < 3
    np.testing.assert_array_equal(recovered.labels, states[recovered.edits])


def test_every_cut_is_read_or_refused(path, header):
    states = masks()
    written(path, header, states).close()
    content = path.read_bytes()
    seen = set()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            recovered = read_journal(path)
        except InputRefusedError:
            continue
        seen.add(recovered.edits)
        np.testing.assert_array_equal(recovered.labels, states[recovered.edits])
    assert seen == {0, 1, 2}


def test_changed_byte_ends_the_journal_there(path, header):
    states = masks()
    written(path, header, states).close()
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    path.write_bytes(content)
    recovered = read_journal(path)
    assert recovered.edits == 2
    np.testing.assert_array_equal(recovered.labels, states[2])


def test_draft_counts_until_the_stroke_is_done(path, header):
    states = masks()
    writer = written(path, header, states[:2])
    writer.write_draft(Change.between("Brush", states[1], states[2]))
    np.testing.assert_array_equal(read_journal(path).labels, states[2])
    whole = states[2].copy()
    whole[2, 7] = 2
    writer.write_change(Change.between("Brush", states[1], whole))
    writer.close()
    np.testing.assert_array_equal(read_journal(path).labels, whole)


def test_ticked_slices_come_back_and_leave_a_draft_alone(path, header):
    states = masks()
    writer = written(path, header, states[:2])
    writer.write_draft(Change.between("Brush", states[1], states[2]))
    writer.write_checked((0, 2))
    writer.close()
    recovered = read_journal(path)
    assert recovered.checked == (0, 2)
    np.testing.assert_array_equal(recovered.labels, states[2])


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "notes.journal"
    path.write_text("nothing of ours")
    with pytest.raises(InputRefusedError, match="is no journal of covseg"):
        read_journal(path)


def test_edit_of_another_shape_is_refused(path, header):
    states = masks()
    writer = JournalWriter(
        path, header.model_copy(update={"standard_shape": (2, 4, 4)})
    )
    writer.write_base(None)
    big = Change.between("Brush", states[0], states[1])
    writer.write_change(big)
    writer.close()
    with pytest.raises(InputRefusedError, match="does not fit a mask"):
        read_journal(path)


def test_full_disk_leaves_what_was_written_and_the_next_try_goes_on(
    path, header, monkeypatch
):
    states = masks()
    writer = written(path, header, states[:2])

    lost = Change.between("Brush", states[1], states[2])
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            writer.write_change(lost)
    assert read_journal(path).edits == 1
    writer.write_change(lost)
    writer.close()
    np.testing.assert_array_equal(read_journal(path).labels, states[2])


def test_full_disk_at_the_beginning_leaves_nothing_and_the_next_try_begins(
    path, header, monkeypatch
):
    states = masks()
    for refused in ("os.fsync", "os.open"):
        with monkeypatch.context() as disk:
            disk.setattr(f"covseg_core.editing.journal.{refused}", refuse)
            with pytest.raises(OSError, match="No space"):
                JournalWriter(path, header)
        assert not path.exists()
        assert not is_in_use(path)
    written(path, header, states).close()
    np.testing.assert_array_equal(read_journal(path).labels, states[-1])


def test_journal_of_someone_else_is_left_alone(path, header):
    written(path, header, masks()).close()
    with pytest.raises(FileExistsError):
        JournalWriter(path, header)
    assert read_journal(path).edits == 3


def test_file_that_cannot_be_opened_for_a_while_is_gone_on_with(
    path, header, monkeypatch
):
    states = masks()
    writer = written(path, header, states[:2])
    lost = Change.between("Brush", states[1], states[2])
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", refuse)
        disk.setattr("pathlib.Path.open", refuse)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                writer.write_change(lost)
    writer.write_change(lost)
    writer.close()
    np.testing.assert_array_equal(read_journal(path).labels, states[2])


def test_journal_is_in_use_until_its_writer_closes_it(path, header):
    writer = written(path, header, masks())
    assert is_in_use(path)
    writer.close()
    assert not is_in_use(path)


WRITER = """
import sys, time, numpy as np
from pathlib import Path
from covseg_core.editing.journal import JournalHeader, JournalWriter
header = JournalHeader(shape=(1, 2, 2), affine_lps=((1.0,),), standard_shape=(1, 2, 2),
    label_set="lesions", title="x", started_utc="2026-01-02T03:04:05+00:00")
writer = JournalWriter(Path(sys.argv[1]), header)
writer.write_base(None)
print("ready", flush=True)
time.sleep(60)
"""


def test_journal_of_a_killed_program_is_not_in_use(path):
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    )
    assert child.stdout.readline() == b"ready\n"
    assert is_in_use(path)
    child.kill()
    child.wait()
    child.stdout.close()
    assert not is_in_use(path)
    assert read_journal(path).edits == 0


def test_removing_leaves_nothing_and_may_be_repeated(path, header):
    written(path, header, masks()).remove()
    remove_journal(path)
    assert not list(path.parent.iterdir())

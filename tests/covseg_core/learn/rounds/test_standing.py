"""The queue: what is labelled next, what waits, and when it is over."""

from __future__ import annotations

import json

import pytest
import torch

from covseg_core.cases.freeze import FrozenCase
from covseg_core.learn.rounds.plan import Queued
from covseg_core.learn.rounds.standing import (
    ROUNDS_LOG,
    Kept,
    Memory,
    Round,
    Standing,
    Taken,
    next_group,
)
from covseg_core.training.trainee import Best

SHA = "0" * 64
QUEUE = tuple(Queued(case_id=name, slices=1) for name in "abcde")


def taken(name):
    case = FrozenCase(
        case_id=name,
        patient="p",
        split="train",
        version=1,
        source="model",
        label_set="lesions",
        mask_sha256=SHA,
        ct_sha256=SHA,
        lungs_sha256=None,
        image_sha256=SHA,
        is_hu=False,
    )
    return Taken(case=case, confidence=0.5, slices=1)


def a_round(number, names="", unsure="", dropped=""):
    return Round(
        number=number,
        weights_sha256=SHA,
        taken=tuple(taken(name) for name in names),
        unsure=tuple(unsure),
        dropped=tuple(dropped),
    )


def test_a_group_has_its_slices_and_a_volume_goes_whole():
    queue = (*QUEUE[:2], Queued(case_id="volume", slices=30), *QUEUE[2:])
    waiting = [each.case_id for each in queue]
    assert next_group(waiting, queue, 2) == ("a", "b")
    assert next_group(waiting, queue, 3) == ("a", "b", "volume")
    assert next_group(waiting[2:], queue, 3) == ("volume",)
    assert next_group(waiting[-1:], queue, 3) == ("e",)


def test_taken_scans_leave_the_queue_and_unsure_ones_go_to_its_end():
    standing = Standing.at_start(QUEUE)
    standing = standing.after_round(a_round(1, "a", unsure="b"))
    assert standing.waiting == ("c", "d", "e", "b")
    standing = standing.after_round(a_round(2, "d", dropped="c"))
    assert standing.waiting == ("e", "b")
    assert [each.case.case_id for each in standing.taken] == ["a", "d"]


def test_rounds_are_over_when_none_waits():
    standing = Standing.at_start(QUEUE)
    assert not standing.rounds_are_over
    assert standing.after_round(a_round(1, "abcde")).rounds_are_over


def test_rounds_are_over_when_a_whole_pass_takes_none():
    standing = Standing.at_start(QUEUE).after_round(a_round(1, unsure="ab"))
    standing = standing.after_round(a_round(2, "c", unsure="d"))
    standing = standing.after_round(a_round(3, unsure="ea"))
    assert not standing.rounds_are_over
    standing = standing.after_round(a_round(4, unsure="bd"))
    assert standing.waiting == ("e", "a", "b", "d")
    assert standing.rounds_are_over


def test_what_is_kept_is_read_back_and_the_log_has_a_line_per_round(tmp_path):
    memory = Memory(tmp_path)
    assert memory.load() is None
    standing = Standing.at_start(QUEUE).after_round(a_round(1, "ab"))
    weights = {"w": torch.arange(3.0)}
    memory.save(Kept(standing, weights, Best(2, 0.5, {"w": torch.ones(3)})))
    later = standing.after_round(a_round(2, "cd", unsure="e"))
    memory.save(Kept(later, weights, Best()))
    kept = Memory(tmp_path).load()
    assert kept.standing == later
    assert torch.equal(kept.network["w"], weights["w"])
    assert kept.best == Best()
    lines = (tmp_path / ROUNDS_LOG).read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]
    assert json.loads(lines[1])["unsure"] == ["e"]


@pytest.mark.parametrize("newest", ["a.ckpt", "b.ckpt"])
def test_a_torn_file_leaves_the_round_before(tmp_path, newest):
    memory = Memory(tmp_path)
    first = Standing.at_start(QUEUE).after_round(a_round(1, "a"))
    second = first.after_round(a_round(2, "b"))
    memory.save(Kept(first, {}, Best()))
    memory.save(Kept(second, {}, Best()))
    (tmp_path / newest).write_bytes(b"torn")
    left = first if newest == "b.ckpt" else second
    assert Memory(tmp_path).load().standing == left

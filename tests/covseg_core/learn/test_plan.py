from __future__ import annotations

import json

import pytest

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.plan import read_plan, run_folder, write_plan


def test_a_plan_survives_the_disk(plan):
    made = plan("first")
    write_plan(made)
    assert read_plan("first").model_dump(mode="json") == made.model_dump(mode="json")


def test_a_run_is_not_begun_twice(plan):
    write_plan(plan("first"))
    with pytest.raises(UsageError, match="go on with --resume"):
        write_plan(plan("first"))


def test_a_run_that_never_began_is_not_gone_on_with():
    with pytest.raises(UsageError, match="there is no run 'nobody'"):
        read_plan("nobody")


def test_a_damaged_plan_is_refused(plan):
    write_plan(plan("first"))
    file = run_folder("first") / "run.json"
    document = json.loads(file.read_text())
    del document["manifest"]
    file.write_text(json.dumps(document))
    with pytest.raises(InputRefusedError, match="plan of the run 'first'"):
        read_plan("first")

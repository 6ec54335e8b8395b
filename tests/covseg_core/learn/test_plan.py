from __future__ import annotations

import json

import pytest

from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.plan import (
    outcome_of,
    read_plan,
    require_own_name,
    run_folder,
    write_plan,
)
from covseg_core.registry.store import find_model, remove_model


def test_a_plan_survives_the_disk(plan):
    made = plan("first")
    write_plan(made)
    assert read_plan("first").model_dump(mode="json") == made.model_dump(mode="json")


def test_a_run_is_not_begun_twice(plan):
    write_plan(plan("first"))
    with pytest.raises(UsageError, match="go on with --resume"):
        write_plan(plan("first"))


def renamed(made, name):
    card = made.card.model_copy(update={"name": name})
    return made.model_copy(update={"name": name, "card": card})


def test_a_run_goes_on_unless_another_model_took_its_name(plan, parent):
    made = plan("first")
    write_plan(made)
    assert outcome_of(made) is None
    with pytest.raises(UsageError, match="another model 'parent' by now"):
        outcome_of(renamed(made, parent))
    with pytest.raises(UsageError, match="another model 'parent' by now"):
        write_plan(renamed(made, parent))
    # A recipe trains what is bundled anew.
    require_own_name(renamed(made, "infnet-small"))


def test_a_finished_run_without_its_model_tells_so_and_is_begun_anew(plan, parent):
    made = renamed(plan("first"), parent)
    folder, outcome = run_folder(parent), {"weights_sha256": "0" * 64}
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(made.model_dump(mode="json")))
    (folder / "log.csv").touch()
    (folder / "outcome.json").write_text(json.dumps(outcome))
    words = "the run 'parent' is finished and its model is gone; leave --resume away"
    with pytest.raises(UsageError, match=words):
        outcome_of(made)
    outcome["weights_sha256"] = find_model(parent).card.weights_sha256
    (folder / "outcome.json").write_text(json.dumps(outcome))
    assert outcome_of(made) == outcome
    with pytest.raises(UsageError, match="has begun already"):
        write_plan(made)

    remove_model(parent)
    with pytest.raises(UsageError, match=words):
        outcome_of(made)
    write_plan(made)
    assert [path.name for path in folder.iterdir()] == ["run.json"]


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

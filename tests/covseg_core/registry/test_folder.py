from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time

import pytest

from covseg_core.registry.card import ModelCard
from covseg_core.registry.folder import replace_model, settle
from covseg_core.registry.store import find_model, models_folder
from covseg_core.registry.weights import load_model, save_model

FILES = ["card.json", "weights.safetensors"]

# The child needs no torch: it puts files of two finished models in turns.
WRITER = """
import json, os, sys
from pathlib import Path
from covseg_core.registry.folder import replace_model

target, models, fatal = Path(sys.argv[1]), sys.argv[2:-1], int(sys.argv[-1])
renames = 0

def die(event, arguments):
    global renames
    if event == "os.rename":
        renames += 1
        if renames == fatal:
            os._exit(9)

sys.addaudithook(die)
print("ready", flush=True)
while True:
    for model in map(Path, models):
        card = (model / "card.json").read_text()
        weights = (model / "weights.safetensors").read_bytes()
        replace_model(target, card, weights, json.loads(card)["weights_sha256"])
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory, network, tiny):
    """Two models of one name, as folders."""
    card = ModelCard(
        name="tiny",
        summary="Never trained.",
        architecture="infnet",
        arguments=tiny,
        label_set="infection",
    )
    changed = {key: value + 1 for key, value in network.state_dict().items()}
    folders = []
    for state in (network.state_dict(), changed):
        folders.append(tmp_path_factory.mktemp("version") / "tiny")
        save_model(folders[-1], card, state)
    return tuple(folders)


@pytest.fixture
def stored(versions):
    """The old one in the user's store."""
    shutil.copytree(versions[0], models_folder() / "tiny")
    return models_folder() / "tiny"


@pytest.fixture
def writer(stored, versions):
    """Start to overwrite the stored model; dies at the rename of that number."""
    started = []

    def start(fatal=0):
        old, new = versions
        words = [stored, new, old, fatal]
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, *map(str, words)],
            stdout=subprocess.PIPE,
            env={**os.environ},
        )
        started.append(child)
        assert child.stdout.readline() == b"ready\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


def hash_of(folder):
    return json.loads((folder / "card.json").read_text())["weights_sha256"]


def require_whole(stored, versions):
    """The model loads, is one of the two, and nothing else lies there."""
    entry = find_model("tiny")
    assert load_model(entry).network is not None
    assert entry.card.weights_sha256 in map(hash_of, versions)
    assert sorted(path.name for path in stored.iterdir()) == FILES
    plain = (stored / "weights.safetensors").read_bytes()
    assert hashlib.sha256(plain).hexdigest() == entry.card.weights_sha256


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "kills", [5, pytest.param(60, marks=pytest.mark.slow)], ids=str
)
def test_a_model_survives_a_kill_at_any_moment(kills, writer, stored, versions):
    rng = random.Random(kills)
    for _ in range(kills):
        child = writer()
        time.sleep(rng.uniform(0, 0.3))
        child.kill()
        child.wait()
        require_whole(stored, versions)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("rename", "found"),
    [
        pytest.param(1, "old", id="before the new weights have a name"),
        pytest.param(2, "old", id="before the new card"),
        pytest.param(3, "new", id="between the new card and the plain name"),
        pytest.param(4, "new", id="while the next one begins"),
    ],
)
def test_a_kill_between_two_steps_leaves_the_old_or_the_new(
    rename, found, writer, stored, versions
):
    assert writer(fatal=rename).wait() == 9
    left = {path.name for path in stored.iterdir()} - set(FILES)
    assert left
    require_whole(stored, versions)
    assert hash_of(stored) == hash_of(
        dict(zip(("old", "new"), versions, strict=True))[found]
    )


def test_weights_that_wait_are_read_where_nothing_may_be_written(versions, tmp_path):
    old, new = shutil.copytree(versions[0], tmp_path / "tiny"), versions[1]
    sha256 = hash_of(new)
    waiting = old / f".weights-{sha256[:16]}.safetensors"
    shutil.copy(new / "weights.safetensors", waiting)
    shutil.copy(new / "card.json", old / "card.json")
    entry = find_model(str(old))
    assert entry.weights == waiting
    assert load_model(entry).card.weights_sha256 == sha256
    assert waiting.exists()


def test_a_failed_first_write_leaves_no_folder(tmp_path, monkeypatch):
    def fail(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("covseg_core.registry.folder.write_text", fail)
    with pytest.raises(OSError, match="No space left"):
        replace_model(tmp_path / "mine", "{}", b"weights", "a" * 64)
    assert not (tmp_path / "mine").exists()


def test_what_others_left_in_the_folder_stays(stored, versions):
    (stored / "notes.txt").write_text("mine")
    (stored / ".hidden").write_text("mine")
    (stored / ".covseg-0123.safetensors").write_text("cut")
    settle(stored)
    names = sorted(path.name for path in stored.iterdir())
    assert names == [".hidden", "card.json", "notes.txt", "weights.safetensors"]


@pytest.mark.parametrize("text", ["{", "[]", '{"name": 1}'])
def test_nothing_is_deleted_beside_a_card_that_cannot_be_read(stored, text):
    (stored / "card.json").write_text(text)
    left = stored / f".weights-{'a' * 16}.safetensors"
    left.touch()
    settle(stored)
    assert left.exists()

from __future__ import annotations

import hashlib
import zipfile

import pytest

from covseg_core.errors import ModelRefusedError, OutputError, UsageError
from covseg_core.registry.bundle import read_bundle, write_bundle
from covseg_core.registry.importing import import_model
from covseg_core.registry.store import find_model, models_folder

CARD, WEIGHTS = "card.json", "weights.safetensors"


@pytest.fixture
def tiny_entry(put):
    """A model in the store whose weights are four bytes; none of it is built here."""
    sha256 = hashlib.sha256(b"1234").hexdigest()
    folder = put("tiny", architecture="infnet", weights_sha256=sha256)
    (folder / WEIGHTS).write_bytes(b"1234")
    return find_model("tiny")


@pytest.fixture
def bundle(tiny_entry, tmp_path):
    write_bundle(tiny_entry, tmp_path / "tiny.covseg.zip")
    return tmp_path / "tiny.covseg.zip"


@pytest.fixture
def forge(tiny_entry, tmp_path):
    """Make a bundle of other members than ours; (name, content) each."""

    def forge(*members, compression=zipfile.ZIP_STORED):
        path = tmp_path / "forged.covseg.zip"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, content in members:
                file.writestr(name, content)
        return path

    return forge


@pytest.fixture
def contents(tiny_entry):
    return {
        CARD: (tiny_entry.card.model_dump_json(indent=2) + "\n").encode(),
        WEIGHTS: tiny_entry.weights.read_bytes(),
    }


def refused(path, sentence):
    """An import is refused with a sentence and leaves the store as it was."""
    with pytest.raises(ModelRefusedError, match=sentence) as told:
        import_model(path, "mine")
    assert str(path.parent) not in str(told.value)
    assert not (models_folder() / "mine").exists()


def test_a_bundle_is_a_plain_zip_of_the_two_files(bundle, contents):
    with zipfile.ZipFile(bundle) as file:
        assert file.testzip() is None
        assert file.namelist() == [CARD, WEIGHTS]
        assert {m.compress_type for m in file.infolist()} == {zipfile.ZIP_STORED}
        assert {name: file.read(name) for name in contents} == contents


def test_a_bundle_holds_the_model_that_was_written(bundle, tiny_entry):
    card, weights = read_bundle(bundle)
    assert card == tiny_entry.card
    assert weights == tiny_entry.weights.read_bytes()


def test_one_model_makes_the_same_bytes_on_every_day(bundle, tmp_path, monkeypatch):
    import time

    monkeypatch.setattr(time, "time", lambda: 2e9)
    write_bundle(find_model("tiny"), tmp_path / "again.covseg.zip")
    assert (tmp_path / "again.covseg.zip").read_bytes() == bundle.read_bytes()


def test_only_a_bundles_name_and_a_model_with_weights_are_taken(tiny_entry, tmp_path):
    with pytest.raises(UsageError, match=r"'tiny\.zip' must end in \.covseg\.zip"):
        write_bundle(tiny_entry, tmp_path / "tiny.zip")
    with pytest.raises(ModelRefusedError, match="'hu-threshold' has no weights to exp"):
        write_bundle(find_model("hu-threshold"), tmp_path / "x.covseg.zip")
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_bundle(tiny_entry, tmp_path / "absent" / "x.covseg.zip")
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_not_exported_and_an_older_bundle_stays(bundle, tiny_entry):
    before = bundle.read_bytes()
    with tiny_entry.weights.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelRefusedError, match="not the ones that its card names"):
        write_bundle(find_model("tiny"), bundle)
    assert bundle.read_bytes() == before


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.999])
def test_a_cut_bundle_is_refused(bundle, part):
    content = bundle.read_bytes()
    bundle.write_bytes(content[: int(len(content) * part)])
    refused(bundle, r"'tiny\.covseg\.zip' cannot be read as a bundle")


def test_a_bundle_with_a_changed_byte_is_refused(bundle):
    content = bytearray(bundle.read_bytes())
    content[content.index(b"1234")] ^= 1
    bundle.write_bytes(content)
    refused(bundle, r"cannot be read as a bundle \(BadZipFile\)")


@pytest.mark.parametrize(
    "name", ["../card.json", "/card.json", "sub/card.json", "..\\card.json", "setup.py"]
)
def test_a_member_more_is_refused_and_nothing_is_unpacked(
    name, forge, contents, covseg_home
):
    before = sorted(covseg_home.rglob("*"))
    refused(forge(*contents.items(), (name, b"x")), "holds 3 files; a bundle holds")
    replaced = {name: contents[CARD], WEIGHTS: contents[WEIGHTS]}
    refused(forge(*replaced.items()), "a bundle holds card.json and weights")
    assert sorted(covseg_home.rglob("*")) == before


def test_two_members_of_one_name_are_refused(forge, contents):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = forge(*contents.items(), (CARD, contents[CARD]))
    refused(path, "holds 3 files")


def test_a_lacking_member_is_refused(forge, contents):
    refused(forge((CARD, contents[CARD])), "holds 1 files; a bundle holds")
    refused(forge(), "holds 0 files; a bundle holds")


def test_a_zip_bomb_is_refused_unread(forge, contents):
    bomb = forge(
        (CARD, contents[CARD]),
        (WEIGHTS, bytes(5_000_000)),
        compression=zipfile.ZIP_DEFLATED,
    )
    assert bomb.stat().st_size < 100_000
    refused(bomb, "is compressed or encrypted; a bundle holds its files as they are")


def test_a_giant_card_is_refused(forge, contents):
    refused(
        forge((CARD, b" " * 1_000_001), (WEIGHTS, contents[WEIGHTS])),
        "card.json in .* claims 1000001 bytes; at most 1000000",
    )


def test_weights_of_another_hash_are_refused(forge, contents):
    path = forge((CARD, contents[CARD]), (WEIGHTS, contents[WEIGHTS] + b"\0"))
    refused(path, "not the ones that its card names")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{", "the model card cannot be read"),
        (b"\xff\xfe", "is no text"),
        (b'{"name": "../x"}', "name: String should match pattern"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(text, sentence, forge, contents):
    refused(forge((CARD, text), (WEIGHTS, contents[WEIGHTS])), sentence)


def test_a_pickle_in_torchs_own_zip_is_refused(tmp_path):
    import torch

    torch.save({"weight": torch.zeros(2)}, tmp_path / "net.zip")
    refused(tmp_path / "net.zip", "a bundle holds card.json and weights")

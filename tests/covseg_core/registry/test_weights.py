from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from covseg_core.errors import ModelRefusedError, OutputError
from covseg_core.registry import folder, weights
from covseg_core.registry.store import ModelEntry, find_model
from covseg_core.registry.weights import (
    check_size,
    load_model,
    read_weights,
    save_model,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def edit_card(folder, **change):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def test_a_stored_network_answers_as_before(model_folder, network):
    model = load_model(find_model(str(model_folder)))
    assert not model.network.training
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(
            model.network(x).logits, network(x).logits, rtol=0, atol=0
        )


def test_half_precision_keeps_statistics_and_nearly_the_logits(tmp_path, card, network):
    entry = save_model(tmp_path / "half", card, network.state_dict(), half=True)
    full = save_model(tmp_path / "full", card, network.state_dict())
    stored = load_file(entry.weights)
    assert all(
        value.dtype == (torch.float16 if value.ndim > 1 else expected.dtype)
        for value, expected in zip(
            stored.values(), load_file(full.weights).values(), strict=True
        )
    )
    assert entry.weights.stat().st_size < 0.65 * full.weights.stat().st_size
    model = load_model(entry)
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours, theirs = model.network(x).logits, network(x).logits
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02 * theirs.std().item())


def test_the_card_is_stamped_with_hash_and_date(model_folder):
    card = find_model(str(model_folder)).card
    assert len(card.weights_sha256) == 64
    assert card.created_utc.endswith("+00:00")


@pytest.mark.parametrize("position", [9, 5000, -1])
def test_one_changed_byte_is_refused(model_folder, position):
    path = model_folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ModelRefusedError, match="'tiny' are not the ones that its card"
    ):
        load_model(find_model(str(model_folder)))


def test_a_cut_file_is_refused(model_folder):
    path = model_folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelRefusedError, match="the file was changed or cut"):
        load_model(find_model(str(model_folder)))


def test_missing_weights_and_a_missing_card_are_refused(model_folder):
    entry = find_model(str(model_folder))
    (model_folder / "weights.safetensors").unlink()
    with pytest.raises(
        ModelRefusedError, match="'tiny' has no weights; import it again"
    ):
        load_model(entry)
    (model_folder / "card.json").unlink()
    with pytest.raises(ModelRefusedError, match="there is no model 'tiny'"):
        find_model(str(model_folder))


def test_a_file_that_only_has_the_right_hash_is_refused(tmp_path, card):
    entry = weights.store_model(
        tmp_path / "tiny",
        card.model_copy(update={"weights_sha256": _sha256(b"no tensors")}),
        b"no tensors",
    )
    with pytest.raises(ModelRefusedError, match="cannot be read; install or import"):
        load_model(entry)


def _sha256(content):
    import hashlib

    return hashlib.sha256(content).hexdigest()


def test_weights_of_another_network_are_refused(model_folder, tiny):
    edit_card(model_folder, arguments={**tiny, "channels": 16})
    with pytest.raises(
        ModelRefusedError, match="not those of its architecture 'infnet'"
    ):
        load_model(find_model(str(model_folder)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"architecture": "u-nit"}, "there is no architecture 'u-nit'"),
        ({"arguments": {"depth": 3}}, "could not be built"),
        ({"arguments": {"channels": -8}}, "could not be built"),
        ({"arguments": {"ra_channels": [1]}}, "could not be built"),
        ({"label_set": "lesions"}, "labels 'lesions', but its network .* 'infection'"),
    ],
)
def test_a_card_that_does_not_go_with_a_network_is_refused(
    model_folder, change, sentence
):
    edit_card(model_folder, **change)
    with pytest.raises(ModelRefusedError, match=sentence):
        load_model(find_model(str(model_folder)))


def test_no_card_makes_us_fetch_weights(model_folder, tiny, monkeypatch):
    edit_card(model_folder, arguments={**tiny, "pretrained": True})
    asked = {}

    def create(architecture, **arguments):
        asked.update(arguments)
        raise ModelRefusedError("enough.")

    monkeypatch.setattr(weights, "create_model", create)
    with pytest.raises(ModelRefusedError, match="enough"):
        load_model(find_model(str(model_folder)))
    assert set(asked) == set(tiny)


def test_bands_of_hu_need_no_weights_but_the_labels_of_lesions(card, tmp_path):
    assert load_model(find_model("hu-threshold")).network is None
    wrong = card.model_copy(update={"architecture": "hu-threshold"})
    with pytest.raises(ModelRefusedError, match="'infection', but its network"):
        load_model(ModelEntry(wrong, tmp_path, "path"))


def test_an_older_model_survives_a_write_that_fails(
    model_folder, card, network, monkeypatch
):
    before = {path.name: path.read_bytes() for path in model_folder.iterdir()}

    def fail(path, text):
        raise OutputError(f"{path.name} could not be written: the disk is full.")

    monkeypatch.setattr(folder, "write_text", fail)
    changed = {key: value + 1 for key, value in network.state_dict().items()}
    with pytest.raises(OutputError, match="the disk is full"):
        save_model(model_folder, card, changed)
    assert {path.name: path.read_bytes() for path in model_folder.iterdir()} == before


def test_a_newer_model_replaces_the_older_and_leaves_other_files(
    model_folder, card, network
):
    (model_folder / "notes.txt").write_text("mine")
    before = find_model(str(model_folder)).card.weights_sha256
    changed = {key: value + 1 for key, value in network.state_dict().items()}
    save_model(model_folder, card, changed)
    model = load_model(find_model(str(model_folder)))
    assert model.card.weights_sha256 != before
    assert sorted(path.name for path in model_folder.iterdir()) == [
        "card.json",
        "notes.txt",
        "weights.safetensors",
    ]


def test_a_place_that_cannot_hold_a_model_is_told_in_a_sentence(
    tmp_path, card, network
):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(
        OutputError, match="model 'tiny' could not be written: Not a dir"
    ):
        save_model(tmp_path / "file" / "tiny", card, network.state_dict())


def test_a_card_that_asks_for_a_giant_is_refused_before_it_takes_memory(
    model_folder, tiny
):
    entry = find_model(str(model_folder))
    content = read_weights(entry)
    check_size(entry.card, content)
    giant = entry.card.model_copy(update={"arguments": {**tiny, "channels": 200_000}})
    with pytest.raises(ModelRefusedError, match=r"has \d{12,} numbers, which weights"):
        check_size(giant, content)

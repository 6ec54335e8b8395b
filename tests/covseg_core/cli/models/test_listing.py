from __future__ import annotations

import pytest

from covseg_core.models import ARCHITECTURES
from covseg_core.models.backbones import BACKBONES


def test_models_are_listed_with_their_origin(covseg, tiny_model):
    rows = {row["name"]: row for row in covseg("models", "list", "--json").json}
    assert rows["tiny"]["origin"] == "user"
    assert rows["tiny"]["labels"] == ["infection"]
    assert len(rows["tiny"]["weights_sha256"]) == 64
    assert rows["hu-threshold"]["origin"] == "bundled"
    lines = covseg("models", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(rows)


def test_a_card_is_shown(covseg, tiny_model, tiny):
    card = covseg("models", "show", tiny_model, "--json").json
    assert card["architecture"] == "infnet"
    assert card["arguments"] == tiny | {"ra_channels": [16, 16, 16]}
    text = covseg("models", "show", tiny_model).out
    assert "intended_use      Research only; not for diagnosis." in text
    assert "size                                  64" in text


def test_a_folder_is_imported_shown_and_removed(
    covseg, refused, tiny_model, covseg_home
):
    folder = covseg_home / "models" / tiny_model
    answer = covseg("models", "import", folder, "--name", "mine")
    assert (answer.code, answer.out) == (0, "added mine: Never trained.\n")
    assert covseg("models", "show", "mine", "--json").json["name"] == "mine"
    assert covseg("models", "remove", "mine").out == "removed mine\n"
    assert "there is no model 'mine'" in refused(4, "models", "show", "mine")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["show", "absent"], 4, "there is no model 'absent'; there are "),
        (
            ["remove", "hu-threshold"],
            4,
            "'hu-threshold' is bundled with covseg and sta",
        ),
        (["remove", "../.."], 4, "there is no model '..'"),
        (["import", "absent.pth", "--name", "x"], 4, "no file or folder 'absent.pth'"),
        (
            ["import", "absent.pth", "--name", "hu-threshold"],
            4,
            "'hu-threshold' already",
        ),
        (["import", "a", "--name", "x", "--channel-order", "x"], 2, "Choose from"),
    ],
)
def test_what_cannot_be_done_is_refused(
    words, code, sentence, refused, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(code, "models", *words)


@pytest.mark.slow
def test_every_architecture_is_listed_with_its_size(covseg):
    rows = covseg("models", "list", "--architectures", "--json").json
    assert len(rows) == len(ARCHITECTURES) * len(BACKBONES)
    sizes = {(row["architecture"], row["backbone"]): row for row in rows}
    paper = sizes["infnet", "res2net50"]
    assert paper["parameters"] == pytest.approx(31.07e6, rel=0.01)
    assert paper["gmac"] == pytest.approx(13.84, rel=0.01)
    assert len(covseg("models", "list", "--architectures").out.splitlines()) == len(
        rows
    )

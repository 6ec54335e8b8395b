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
    assert [name for name in rows if rows[name]["promoted"]] == ["infnet-multi-small"]
    lines = covseg("models", "list").out.splitlines()
    marked = [line.split()[0] for line in lines if line.split()[2] == "promoted"]
    assert marked == ["infnet-multi-small"]
    assert [line.split()[0] for line in lines] == sorted(rows)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_folder_that_is_left_out_is_told_beside_the_list(
    covseg, tiny_model, covseg_home, options
):
    (covseg_home / "models" / "tiny").rename(covseg_home / "models" / "copy")
    answer = covseg("models", "list", *options)
    assert "tiny" not in answer.out
    assert answer.err.startswith("note: 'copy' is left out: ")
    assert answer.err.count("\n") == 1


def test_a_card_is_shown(covseg, tiny_model, tiny):
    card = covseg("models", "show", tiny_model, "--json").json
    assert card["architecture"] == "infnet"
    assert card["arguments"] == tiny | {"ra_channels": [16, 16, 16]}
    text = covseg("models", "show", tiny_model).out
    assert "intended_use      Research only; not for diagnosis." in text
    assert "size                                  64" in text


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

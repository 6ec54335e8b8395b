from __future__ import annotations

import pytest


def test_a_folder_is_imported_shown_and_removed(
    covseg, refused, tiny_model, covseg_home
):
    folder = covseg_home / "models" / tiny_model
    answer = covseg("models", "import", folder, "--name", "mine")
    assert (answer.code, answer.out) == (0, "added mine: Never trained.\n")
    assert covseg("models", "show", "mine", "--json").json["name"] == "mine"
    assert covseg("models", "remove", "mine").out == "removed mine\n"
    assert "there is no model 'mine'" in refused(4, "models", "show", "mine")


def test_a_model_goes_through_one_file_to_another_store(
    covseg, tiny_model, tmp_path, monkeypatch
):
    bundle = tmp_path / "tiny.covseg.zip"
    answer = covseg("models", "export", tiny_model, "-o", bundle)
    assert (answer.code, answer.out) == (0, f"{bundle}\n")
    before = covseg("models", "show", tiny_model, "--json").json
    monkeypatch.setenv("COVSEG_HOME", str(tmp_path / "other"))
    answer = covseg("models", "import", bundle, "--name", "mine")
    assert (answer.code, answer.out) == (0, "added mine: Never trained.\n")
    after = covseg("models", "show", "mine", "--json").json
    assert after == before | {"name": "mine"}


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
        (["export", "hu-threshold", "-o", "a.covseg.zip"], 4, "no weights to export"),
        (["export", "infnet-small", "-o", "a.zip"], 2, "must end in .covseg.zip"),
        (["push", "hu-threshold", "me/x"], 4, "'hu-threshold' has no weights to push"),
        (["pull", "me/x", "--name", "infnet-small"], 4, "'infnet-small' already"),
        (["pull", "a/b/c", "--name", "x"], 2, "'a/b/c' is no name of a repository"),
        (["import", "a", "--name", "x", "--channel-order", "x"], 2, "Choose from"),
    ],
)
def test_what_cannot_be_done_is_refused(
    words, code, sentence, refused, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(code, "models", *words)

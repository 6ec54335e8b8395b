from __future__ import annotations

import os
from pathlib import Path

import pytest

from covseg_core.cli.output import (
    make_folder,
    refuse_file_name,
    refuse_overwriting,
    require_nifti_name,
    say_json,
)
from covseg_core.errors import OutputError, UsageError


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_nifti_names_pass(name):
    require_nifti_name(Path(name))


@pytest.mark.parametrize("name", ["a", "a.gz", "nii", "a.nii.gz.zip"])
def test_other_names_are_refused_without_their_folder(name):
    with pytest.raises(UsageError, match="must end in") as refusal:
        require_nifti_name(Path("secret") / name)
    assert "secret" not in str(refusal.value)


def test_a_result_never_replaces_an_input_under_any_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scan = tmp_path / "scan.nii.gz"
    scan.touch()
    (tmp_path / "link.nii.gz").symlink_to(scan)
    os.link(scan, tmp_path / "twin.nii.gz")
    (tmp_path / "folder").mkdir()
    for way in ("scan.nii.gz", "folder/../scan.nii.gz", "link.nii.gz", "twin.nii.gz"):
        with pytest.raises(UsageError, match="would replace an input; give another"):
            refuse_overwriting([scan], [Path("new.nii.gz"), Path(way)])
    (tmp_path / "older.nii.gz").touch()
    refuse_overwriting([scan, Path("absent")], [Path("new.nii"), Path("older.nii.gz")])


@pytest.mark.parametrize("words", [["-o", ""], ["--output", ""], ["--output="]])
@pytest.mark.parametrize("command", ["predict", "convert", "whatif"])
def test_an_empty_name_is_not_the_current_folder(
    refused, scan, tmp_path, monkeypatch, command, words
):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert "is empty; give a value, or" in refused(2, command, scan, *words)
    assert list(folder.iterdir()) == []


def test_folders_that_are_named_like_files_are_refused_unless_they_exist(tmp_path):
    with pytest.raises(UsageError, match=r"'a\.txt' must be a folder\."):
        refuse_file_name(tmp_path / "a.txt", "a folder")
    with pytest.raises(UsageError, match=r"'out\.PNG' must be a folder\."):
        refuse_file_name(tmp_path / "out.PNG", "a folder")
    refuse_file_name(tmp_path / "run.1", "a folder")
    (tmp_path / "out.png").mkdir()
    refuse_file_name(tmp_path / "out.png", "a folder")


def test_folders_are_made_with_those_above_them(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        OutputError, match="the folder 'file' could not be made: File ex"
    ):
        make_folder(tmp_path / "file")
    with pytest.raises(
        OutputError, match="the folder 'below' could not be made: Not a"
    ):
        make_folder(tmp_path / "file" / "below")


def test_a_folder_that_is_write_protected_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(OutputError, match="you may not write in the folder"):
        make_folder(tmp_path)


def test_json_holds_no_numbers_that_json_cannot_say(capsys):
    say_json({"ml": 0.5, "name": "Grün"})
    assert capsys.readouterr().out == '{\n  "ml": 0.5,\n  "name": "Grün"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        say_json({"ml": float("nan")})

from __future__ import annotations

import pytest

from covseg_core.cases.identity import IDENTITY, create_identity, read_salt
from covseg_core.cases.seal import seal
from covseg_core.errors import InputRefusedError


def test_a_new_folder_becomes_a_store_once(tmp_path):
    root = tmp_path / "deep" / "store"
    create_identity(root)
    salt = read_salt(root)
    assert len(salt) == 32
    create_identity(root)
    assert read_salt(root) == salt


def test_two_stores_have_two_salts(tmp_path):
    for name in "ab":
        create_identity(tmp_path / name)
    assert read_salt(tmp_path / "a") != read_salt(tmp_path / "b")


def test_a_folder_with_other_files_becomes_no_store(tmp_path):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(InputRefusedError, match="is no case store, as it has no store"):
        create_identity(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_that_is_no_store_says_what_to_do(tmp_path):
    with pytest.raises(InputRefusedError, match="new or empty folder to `covseg cases"):
        read_salt(tmp_path / "absent")


def test_a_newer_store_is_refused(tmp_path):
    (tmp_path / IDENTITY).write_text(seal({"format": 2, "salt": "x"}))
    with pytest.raises(InputRefusedError, match="has the format 2; this covseg knows"):
        read_salt(tmp_path)


def test_a_damaged_identity_is_refused(tmp_path, flip):
    create_identity(tmp_path)
    for place in range((tmp_path / IDENTITY).stat().st_size):
        flip(tmp_path / IDENTITY, place)
        with pytest.raises(InputRefusedError, match=r"store\.json"):
            read_salt(tmp_path)
        flip(tmp_path / IDENTITY, place)

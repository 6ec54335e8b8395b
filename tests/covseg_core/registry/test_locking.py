from __future__ import annotations

import pytest

from covseg_core.errors import OutputError
from covseg_core.registry.locking import locked


def test_one_at_a_time_may_write(tmp_path):
    with locked(tmp_path / "model"):
        with (
            pytest.raises(OutputError, match="another program is writing 'model'; try"),
            locked(tmp_path / "model", patience_s=0),
        ):
            pass
        with locked(tmp_path / "other", patience_s=0):
            pass
    with locked(tmp_path / "model", patience_s=0):
        pass


def test_one_folder_has_one_lock_under_every_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with (
        locked(tmp_path / "model"),
        pytest.raises(OutputError, match="another program"),
        locked(Path("model"), patience_s=0),
    ):
        pass


def test_an_error_inside_gives_the_lock_back(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "model"):
        raise KeyError("inside")
    with locked(tmp_path / "model", patience_s=0):
        pass


def test_no_lock_is_left_beside_what_is_written(tmp_path):
    with locked(tmp_path / "model"):
        assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COVSEG_HOME", str(tmp_path / "file"))
    with (
        pytest.raises(
            OutputError, match="no lock in the folder of your models"
        ) as told,
        locked(tmp_path / "model"),
    ):
        pass
    assert str(tmp_path) not in str(told.value)

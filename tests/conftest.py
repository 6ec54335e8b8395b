"""Fixtures that every test may use; fixtures of one folder stand in its own file."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from covseg_core.registry import store

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if find_spec("PyQt6"):
    # Where both are installed pytest-qt would take PySide6, and qtpy PyQt6.
    os.environ.setdefault("PYTEST_QT_API", os.environ.get("QT_API", "pyqt6"))
REAL_CT = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def covseg_home(tmp_path_factory, monkeypatch):
    """A model store of the test's own, so that no test sees the user's models."""
    home = tmp_path_factory.mktemp("covseg_home")
    monkeypatch.setenv("COVSEG_HOME", str(home))
    return home


@pytest.fixture(scope="session", autouse=True)
def usual_lungs():
    """Find lungs by threshold, which is exact on blocks; gives what a user has."""
    with pytest.MonkeyPatch.context() as patch:
        usual = store.LUNGS_MODEL
        patch.setattr(store, "LUNGS_MODEL", "hu-threshold")
        yield usual


@pytest.fixture(scope="session")
def real_ct() -> Path:
    """The folder of real CT data; skips where the machine has none."""
    if not REAL_CT.is_dir():
        pytest.skip("no real CT data on this machine")
    return REAL_CT

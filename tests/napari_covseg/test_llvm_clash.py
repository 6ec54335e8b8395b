from __future__ import annotations

import importlib
import sys

import pytest

from napari_covseg import _llvm_clash
from napari_covseg._llvm_clash import avoid_llvm_clash


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Pretend that these libraries, and no triton, are in the process."""

    def pretend(libraries: str):
        (tmp_path / "maps").write_text(libraries)
        monkeypatch.setattr(_llvm_clash, "_LOADED_LIBRARIES", tmp_path / "maps")

    # Set first, so that the real entry comes back after the test.
    monkeypatch.setitem(sys.modules, "triton", None)
    del sys.modules["triton"]
    return pretend


def test_triton_is_hidden_from_a_driver_with_llvm(loaded):
    loaded("7f00-7fff r-xp /usr/lib/x86_64-linux-gnu/libLLVM-15.so.1\n")
    avoid_llvm_clash()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("triton")


def test_triton_is_left_alone_with_other_drivers(loaded):
    loaded("7f00-7fff r-xp /usr/lib/libnvidia-glcore.so\n")
    avoid_llvm_clash()
    assert "triton" not in sys.modules


def test_triton_is_left_alone_where_libraries_cannot_be_listed(loaded, monkeypatch):
    loaded("")
    _llvm_clash._LOADED_LIBRARIES.unlink()
    avoid_llvm_clash()
    assert "triton" not in sys.modules


def test_triton_that_came_first_stays(loaded, monkeypatch):
    loaded("libLLVM-15.so.1")
    sys.modules["triton"] = marker = object()
    avoid_llvm_clash()
    assert sys.modules["triton"] is marker

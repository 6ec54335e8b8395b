"""The recipes as modules, and a store of small scans."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from covseg_core.phantom import make_block_phantom

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "recipes")]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small networks are slower on many threads, and far slower on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def blocks():
    """Two lungs of 600 and 400 ml in a body of boxes; see `make_block_phantom`."""
    return make_block_phantom()


@pytest.fixture
def store(tmp_path, blocks):
    """Six small cases of folds 0 and 1."""
    from tiny import fill_store

    return fill_store(tmp_path / "cases", blocks)


@pytest.fixture
def recipe(tmp_path):
    """Write a recipe: ``recipe("infection")``."""
    from tiny import write_recipe

    return lambda labels, more="": write_recipe(tmp_path, labels, more)

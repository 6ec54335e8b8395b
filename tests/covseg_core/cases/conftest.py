"""Small scans, masks and stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.labels import LESIONS
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (4, 6, 5)
SPACING = (5.0, 0.8, 0.7)


@pytest.fixture
def make_ct():
    """A scan of whole HU that differs by its seed."""

    def make(seed=0, grid=None, **facts):
        grid = grid or Grid.from_spacing(SHAPE, SPACING, (-12.5, 7.25, -80.0))
        hu = np.random.default_rng(seed).integers(-1000, 200, grid.shape)
        return CTVolume(hu.astype(np.float32), grid, **facts)

    return make


@pytest.fixture
def make_mask():
    """A mask with the given number of voxels of each value, from the first on."""

    def make(counts, ct, label_set=LESIONS):
        flat = np.zeros(ct.hu.size, np.uint8)
        values = np.repeat(list(counts), list(counts.values()))
        flat[: len(values)] = values
        return LesionMask(flat.reshape(ct.hu.shape), ct.grid, label_set)

    return make


@pytest.fixture
def make_lungs():
    def make(ct):
        labels = np.ones(ct.hu.shape, np.uint8)
        labels[:, :, :2] = 2
        return LungMask(labels, ct.grid)

    return make


@pytest.fixture
def store(tmp_path):
    return CaseStore.create(tmp_path / "store")


@pytest.fixture
def filled(store, make_ct, make_mask, make_lungs):
    """A store with two cases, three masks and lungs."""
    for seed in range(2):
        ct = make_ct(seed)
        record = store.add_case(ct, patient=f"patient {seed}", lungs=make_lungs(ct))
        store.add_mask(record.case_id, make_mask({1: 4, 2: 2}, ct), source="manual")
    store.add_mask("case-0001", make_mask({1: 6}, make_ct()), source="model")
    return store


@pytest.fixture
def files_of():
    """Every file of a store but its locks, by its path inside."""

    def files(store):
        found = (path for path in store.root.rglob("*") if path.is_file())
        return sorted(path for path in found if path.name != ".lock")

    return files


@pytest.fixture
def flip():
    """Change one bit of a file."""

    def change(path: Path, place: int) -> None:
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)

    return change

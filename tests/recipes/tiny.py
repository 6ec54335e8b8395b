"""A store of small scans, and recipes of networks that tests can wait for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from covseg_core.cases.store import CaseStore
from covseg_core.volume import CTVolume, Grid, LesionMask, Source

CASES = ("medseg-01", "lctsc-101", "medseg-06", "slice-00", "slice-10", "slice-11")
RECIPE = """\
arch = "unet"
labels = "{labels}"
backbone = "mobilenetv2_050"
size = 32
epochs = 1
batch_size = 8
checkpoint_s = 0
patience = 0
device = "cpu"
"""


def fill_store(root, blocks):
    """Make a store of folds 0 and 1: infected scans, a healthy one, and pictures."""
    made = CaseStore.create(root)
    for number, name in enumerate(CASES):
        lungs = None
        if name.startswith("slice"):
            ct, mask = small_picture(100 + number)
        else:
            ct = replace(blocks.ct, hu=blocks.ct.hu + number)
            mask, lungs = blocks.lesions, blocks.lungs
        if name.startswith("lctsc"):
            mask = replace(mask, labels=np.zeros_like(mask.labels))
        kind = {"collection": name.partition("-")[0], "split": "train"}
        made.add_case(ct, case_id=name, patient=name, lungs=lungs, **kind)
        made.add_mask(name, mask, source="manual")
        made.set_state(name, "done")
    return made


def small_picture(grey):
    """Make a picture that is infected in a corner."""
    grid = Grid.from_spacing((1, 40, 40), (1.0, 1.0, 1.0))
    labels = np.zeros((1, 40, 40), np.uint8)
    labels[:, :10, :10] = 1
    pixels = np.full((1, 40, 40), grey, np.float32)
    ct = CTVolume(pixels, grid, is_hu=False, source=Source("images"))
    return ct, LesionMask(labels, grid)


def write_recipe(folder, labels, more=""):
    """Write a recipe of a network that outlines ``infection`` or ``lungs``."""
    file = folder / f"{labels}.toml"
    file.write_text(RECIPE.format(labels=labels) + more, encoding="utf-8")
    return file

"""Draw the picture of a lesion painted into a healthy phantom.

python docs/painted.py [--model stichnet-small] [-o docs/images/painted.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from covseg_core.inference.config import PredictSettings, StitchSettings
from covseg_core.inference.stitch import paint
from covseg_core.inference.whatif import imagine
from covseg_core.labels import Tissue
from covseg_core.phantom import PhantomSettings, make_phantom
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of
from covseg_core.volume import CTVolume, LesionMask

if TYPE_CHECKING:
    from covseg_core.inference.imagined import WhatIf

SLICE = 14
# Centre (row, column) and radii in pixels, of slices of 224 pixels.
GGO = (128, 62), (26, 17)
CONSOLIDATION = (142, 164), (15, 20)
HOW = StitchSettings(border_mm=6)


def main() -> None:
    """Paint, draw and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="stichnet-small")
    parser.add_argument("-o", type=Path, default=Path("docs/images/painted.png"))
    options = parser.parse_args()
    phantom = make_phantom(PhantomSettings(healthy=True))
    model = load_model(find_model(options.model))
    settings = PredictSettings(device="cpu")
    seen = result_of(imagine(phantom.ct, model, settings, phantom.lungs))
    shown = [
        painted(seen, Tissue.GGO, *GGO),
        painted(seen, Tissue.CONSOLIDATION, *CONSOLIDATION),
    ]
    # Two lesions in two lungs: their changes add up.
    both = phantom.ct.hu + sum(scan.hu - phantom.ct.hu for scan in shown)
    draw(phantom.ct.hu[SLICE], both[SLICE], options.o)


def painted(
    seen: WhatIf, tissue: Tissue, centre: tuple[int, int], radii: tuple[int, int]
) -> CTVolume:
    """Paint an ellipsoid, five slices high."""
    z, y, x = np.ogrid[tuple(slice(0, n) for n in seen.ct.grid.shape)]
    distance = ((z - SLICE) / 2.5) ** 2 + ((y - centre[0]) / radii[0]) ** 2
    inside = distance + ((x - centre[1]) / radii[1]) ** 2 <= 1
    mask = LesionMask(inside.astype(np.uint8), seen.ct.grid)
    return paint(seen, mask, tissue, HOW)


def draw(before: np.ndarray, after: np.ndarray, path: Path) -> None:
    """Draw a slice before and after, in a lung window, and the difference."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
    for axis, image in zip(axes, (before, after), strict=False):
        axis.imshow(image, cmap="gray", vmin=-1350, vmax=150)
    axes[0].set_title("CT")
    axes[1].set_title("SYNTHETIC")
    shown = axes[2].imshow(after - before, cmap="magma", vmin=0, vmax=600)
    axes[2].set_title("Difference")
    figure.colorbar(shown, ax=axes[2], label="HU", shrink=0.8)
    for axis in axes:
        axis.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()

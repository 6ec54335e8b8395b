"""Kill a program while someone paints in it, and see how much is lost.

    tools/with_display.sh .venv/bin/python benchmarks/painting_kills.py [--kills 50]

Each time a napari window opens a scan and a mask, and strokes are painted on it as
the mouse does: short ones, and long ones that take up to 20 seconds.  At a random
moment the program is killed (signal 9).  Then its journal is read, and the newest
painted voxel that it holds tells how many seconds of painting are lost.  Prints a
line per kill and the worst; ends with 1 if it is more than 10 seconds, or if a
journal cannot be read.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ALLOWED_S = 10.0
FIRST_STROKES_S = 2.0
LONGEST_S = 25.0
SHAPE = (40, 256, 256)


def main() -> None:
    """Kill, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paint", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.paint is not None:
        paint_for_ever(options.paint)
    chance = random.Random(options.seed)
    losses = []
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as home:
            lost_s, voxels = kill_once(home, number, chance)
        losses.append(lost_s)
        print(f"kill {number + 1}: {voxels} voxels kept, {lost_s:.2f} s lost")
        sys.stdout.flush()
    print(f"{len(losses)} kills, at most {max(losses):.2f} s of painting lost")
    sys.exit(max(losses) > ALLOWED_S)


def kill_once(home: str, seed: int, chance: random.Random) -> tuple[float, int]:
    """Paint, kill and read; gives the seconds lost and the voxels kept."""
    painter = subprocess.Popen(
        [sys.executable, __file__, "--paint", str(seed)],
        env=os.environ | {"COVSEG_HOME": home},
        stdout=subprocess.PIPE,
        text=True,
    )
    times = [float(painter.stdout.readline().split()[1])]
    time.sleep(chance.uniform(FIRST_STROKES_S, LONGEST_S))
    painter.kill()
    killed = time.time()
    times += [float(line.split()[1]) for line in painter.stdout if "\n" in line]
    painter.wait()
    painted = np.array(times)
    kept = kept_voxels(Path(home))
    last = painted[kept - 1] if kept else painted[0]
    done = painted[painted <= killed]
    return float(max(done[-1] - last, 0.0)), kept


def kept_voxels(home: Path) -> int:
    """Count what the journal holds; voxels were painted in the order of the array."""
    from covseg_core.editing.recover import read_journal

    journals = list((home / "recovery").glob("*.journal"))
    if not journals:
        return 0
    (path,) = journals
    recovered = read_journal(path)
    order = recovered.labels.ravel()
    kept = int(np.count_nonzero(order))
    if not order[:kept].all():
        raise SystemExit("the journal holds voxels that were not painted in this order")
    return kept


def paint_for_ever(seed: int) -> None:
    """Open a window and paint one voxel after the other, in strokes."""
    from napari import Viewer
    from qtpy.QtWidgets import QApplication

    from covseg_core.labels import LESIONS
    from covseg_core.volume import CTVolume, Grid
    from napari_covseg._convert import blank_mask_layer, ct_layer
    from napari_covseg._session.session import session_of

    chance = random.Random(seed)
    grid = Grid.from_spacing(SHAPE, (2.0, 1.0, 1.0))
    viewer = Viewer(show=True)
    session = session_of(viewer)
    data, arguments, _ = ct_layer(CTVolume(np.zeros(SHAPE, np.float32), grid), "CT")
    session.choose_scan(viewer.add_image(data, **arguments))
    blank, arguments, _ = blank_mask_layer(arguments["metadata"], LESIONS, "Mask")
    editor = session.edit(viewer.add_labels(blank, **arguments))
    editor.layer.brush_size = 1
    QApplication.processEvents()
    places = np.ndindex(*SHAPE)
    while True:
        # A drag of the mouse: napari tells of it when the button is let go.
        lasts_s = chance.choice((0.2, 0.5, 1.0, 20.0))
        editor.is_stroking = True
        with editor.layer.block_history():
            end = time.monotonic() + lasts_s
            while time.monotonic() < end:
                editor.layer.paint(next(places), 1)
                print("painted", time.time(), flush=True)
                QApplication.processEvents()
                time.sleep(0.01)
        editor.is_stroking = False
        QApplication.processEvents()


if __name__ == "__main__":
    main()

"""A program that paints on a scan and waits to be killed.

    python painter.py SCAN PAINTED

The mask as it was painted is written to PAINTED once the journal has it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from covseg_core.labels import LESIONS
from napari_covseg._convert import blank_mask_layer
from napari_covseg._files.open import open_path
from napari_covseg._session.session import Session


def main() -> None:
    scan_path, painted_path = map(Path, sys.argv[1:])
    app = QApplication([])
    session = Session(ViewerModel())
    data, arguments, _ = open_path(scan_path).layer
    scan = session.viewer.add_image(data, **arguments)
    session.choose_scan(scan)
    blank, arguments, _ = blank_mask_layer(scan.metadata, LESIONS, "Infection")
    editor = session.edit(session.viewer.add_labels(blank, **arguments))
    editor.layer.brush_size = 6
    for place in ((4, 20, 20), (5, 30, 40), (6, 25, 60)):
        with editor.layer.block_history():
            editor.layer.paint(place, 1)
        app.processEvents()
    session.autosave_of(editor).flush()
    np.save(painted_path, editor.labels)
    sys.stdout.write("painted\n")
    sys.stdout.flush()
    time.sleep(600)


if __name__ == "__main__":
    main()

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.images import write_mask_png
from napari_covseg._files.open import open_path


def test_picture_is_refused_and_told_who_outlines_pictures(tmp_path):
    write_mask_png(tmp_path / "slice.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(InputRefusedError, match=r"slice\.png.*predict --slices8bit"):
        open_path(tmp_path / "slice.png")

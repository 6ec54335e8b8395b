from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.phantom.disturbances import stored_otherwise, with_table
from covseg_core.phantom.disturbances.body import find_body


def test_the_box_is_that_of_the_body(blocks):
    # Columns 8 to 103 of 2.5 mm from -140, rows 8 to 43 of 5 mm from -120.
    body = find_body(blocks.ct)
    assert (body.right_mm, body.left_mm) == pytest.approx((-121.25, 118.75))
    assert (body.front_mm, body.back_mm) == pytest.approx((-82.5, 97.5))
    assert body.middle_mm == pytest.approx(-1.25)
    assert body.width_mm == pytest.approx(240)


def test_a_table_is_no_body(chest):
    before, after = find_body(chest.ct), find_body(with_table(chest.ct))
    assert after.back_mm == pytest.approx(before.back_mm, abs=3)
    assert after.width_mm == pytest.approx(before.width_mm, abs=3)


def test_air_alone_is_refused(blocks):
    with pytest.raises(InputRefusedError, match="no body was found"):
        find_body(replace(blocks.ct, hu=np.full_like(blocks.ct.hu, -1000)))


def test_grey_levels_are_refused(blocks):
    with pytest.raises(InputRefusedError, match="no Hounsfield units"):
        find_body(replace(blocks.ct, is_hu=False))


def test_a_scan_that_is_not_upright_is_refused(blocks):
    turned = stored_otherwise(blocks.ct, (0, 1, 2), (True, False, False))
    with pytest.raises(GeometryError, match="must be upright"):
        find_body(turned)

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import UsageError
from covseg_core.inference.config import PredictSettings, StitchSettings
from covseg_core.inference.live import crop, stitch_outwards, stitch_slices
from covseg_core.inference.stitch import stitched_hu, with_distances
from covseg_core.inference.whatif import imagine
from covseg_core.labels import Tissue
from covseg_core.steps import result_of

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = PredictSettings(device="cpu", engine="torch")
HOWS = (
    StitchSettings(),
    StitchSettings(border_mm=20, spread_mm=40),
    StitchSettings(border_mm=0, anywhere=True, strength=1.5),
)


@pytest.fixture
def seen(blocks, stichnet):
    noise = np.random.default_rng(3).normal(0, 20, blocks.ct.grid.shape)
    ct = replace(blocks.ct, hu=(blocks.ct.hu + noise).astype(np.float32))
    return result_of(imagine(ct, stichnet, CPU, blocks.lungs))


@pytest.fixture
def tissues(blocks):
    """A lesion over some slices, one voxel alone, and healthy lung over a lesion."""
    painted = np.zeros(blocks.ct.grid.shape, np.uint8)
    painted[8:10, 17:20, 28:34] = Tissue.GGO
    painted[12, 22, 30] = Tissue.CONSOLIDATION
    painted[8, 28:32, 23:27] = Tissue.HEALTHY
    return painted


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("severity", [0.0, 0.6, 1.0, 1.4, 2.0])
def test_a_slice_equals_that_slice_of_the_whole_scan(
    seen, tissues, severity, how, ready
):
    seen = with_distances(seen) if ready else seen
    whole = stitched_hu(seen, tissues, severity, how)
    assert (whole != seen.ct.hu).any()
    for number in range(len(whole)):
        here = slice(number, number + 1)
        alone = stitch_slices(seen, tissues, severity, how, here)
        np.testing.assert_array_equal(alone, whole[here])


def test_a_slice_without_paint_and_severity_is_the_scan_itself(seen):
    nothing = np.zeros(seen.ct.grid.shape, np.uint8)
    for tissues in (None, nothing):
        alone = stitch_slices(seen, tissues, 1, HOWS[0], slice(8, 9))
        np.testing.assert_array_equal(alone, seen.ct.hu[8:9])


def test_slices_of_a_turned_scan_are_those_of_the_standard_orientation(
    seen, blocks, stored, stichnet, tissues
):
    turn = (2, 0, 1), (False, True, False)
    ct, lungs = (stored(each, *turn) for each in (seen.ct, blocks.lungs))
    turned = result_of(imagine(ct, stichnet, CPU, lungs))
    for number in (6, 8, 12):
        here = slice(number, number + 1)
        np.testing.assert_array_equal(
            stitch_slices(turned, tissues, 1.5, HOWS[0], here),
            stitch_slices(seen, tissues, 1.5, HOWS[0], here),
        )


def test_all_that_can_change_comes_nearest_first(seen, tissues):
    whole = stitched_hu(seen, tissues, 0.4, HOWS[0])
    found, order = seen.ct.hu.copy(), []
    for some, hu in stitch_outwards(seen, tissues, 0.4, HOWS[0], middle=14):
        found[some] = hu
        order.append(some.start)
    np.testing.assert_array_equal(found, whole)
    assert order == [13, 9, 5]


def test_a_crop_lies_where_its_slices_lie(seen):
    part = crop(seen, slice(3, 9))
    assert part.ct.grid.shape[0] == 6
    np.testing.assert_allclose(
        part.ct.grid.world_mm((1, 2, 3)), seen.ct.grid.world_mm((4, 2, 3))
    )
    assert part.box.slices == slice(2, 6)
    assert part.images_hu.shape[1] == 4
    assert crop(seen, slice(0, 3)).images_hu.shape[1] == 0


def test_a_severity_beyond_the_scale_is_refused(seen):
    with pytest.raises(UsageError, match="a severity of 3 was asked for"):
        stitch_slices(seen, None, 3, HOWS[0], slice(8, 9))


def test_looking_at_what_was_imagined_loads_no_torch():
    code = (
        "import sys\n"
        "import covseg_core.inference.live, covseg_core.inference.whatif_files\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

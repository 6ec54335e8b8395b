from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError, UsageError
from covseg_core.inference.config import PredictSettings, StitchSettings
from covseg_core.inference.stitch import (
    difference_of,
    paint,
    paint_and_vary,
    vary_severity,
    with_distances,
)
from covseg_core.inference.whatif import imagine
from covseg_core.labels import Tissue
from covseg_core.steps import result_of
from covseg_core.volume import Grid, LesionMask

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = PredictSettings(device="cpu", engine="torch")
HARD = StitchSettings(border_mm=0)
# Greys of the styles, times the window: what painting adds to healthy lung.
GGO_ON_HEALTHY = (0.55 - 0.35) * 1400
# Healthy lung around, none of it near a lesion or the rim.
PATCH = np.s_[8:10, 17:20, 28:34]
TURN = (2, 0, 1), (False, True, False)


@pytest.fixture
def seen(blocks, stichnet):
    return result_of(imagine(blocks.ct, stichnet, CPU, blocks.lungs))


def mask_of(ct, where):
    labels = np.zeros(ct.grid.shape, np.uint8)
    labels[where] = 1
    return LesionMask(labels, ct.grid)


def test_a_painted_lesion_changes_the_mask_alone_and_keeps_the_texture(
    blocks, stichnet
):
    noise = np.random.default_rng(3).normal(0, 5, blocks.ct.grid.shape)
    ct = replace(blocks.ct, hu=(blocks.ct.hu + noise).astype(np.float32))
    seen = result_of(imagine(ct, stichnet, CPU, blocks.lungs))
    mask = mask_of(ct, PATCH)
    painted = paint(seen, mask, Tissue.GGO, HARD)
    beyond = mask.labels == 0
    np.testing.assert_array_equal(painted.hu[beyond], ct.hu[beyond])
    np.testing.assert_allclose(
        painted.hu[PATCH], ct.hu[PATCH] + GGO_ON_HEALTHY, atol=0.01
    )
    assert painted.source.is_synthetic


def test_the_soft_border_falls_to_nothing_at_its_width(seen, blocks):
    mask = mask_of(blocks.ct, PATCH)
    painted = paint(seen, mask, Tissue.GGO, StitchSettings(border_mm=5))
    added = (painted.hu - blocks.ct.hu) / GGO_ON_HEALTHY
    # Columns are 2.5 mm apart, rows 5 mm, slices 8 mm.
    np.testing.assert_allclose(
        added[8, 18, 25:37], [0, 0, 0.5, *[1] * 6, 0.5, 0, 0], atol=1e-4
    )
    assert not added[8, 16].any()
    assert not added[7].any()


def test_painting_stays_in_the_lungs_unless_asked_otherwise(seen, blocks):
    # Columns 39 to 42 are right lung, 43 to 46 are not.
    mask = mask_of(blocks.ct, np.s_[8:10, 17:20, 39:47])
    painted = paint(seen, mask, Tissue.GGO, HARD)
    assert (painted.hu != blocks.ct.hu)[8, 18].nonzero()[0].tolist() == [*range(39, 43)]
    wide = StitchSettings(border_mm=0, anywhere=True)
    painted = paint(seen, mask, Tissue.GGO, wide)
    assert (painted.hu != blocks.ct.hu)[8, 18, 43:47].all()
    with pytest.raises(InputRefusedError, match="no voxel of the mask lies in the lun"):
        paint(seen, mask_of(blocks.ct, np.s_[8:10, 17:20, 44:47]), Tissue.GGO)


@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize(
    ("where", "told"),
    [(np.s_[:0], "nothing is drawn"), (np.s_[0, 0, 0], "in the box around the lungs")],
)
def test_it_is_told_truly_why_nothing_can_be_painted(
    seen, blocks, where, told, anywhere
):
    how = StitchSettings(anywhere=anywhere)
    with pytest.raises(InputRefusedError, match=told) as refusal:
        paint(seen, mask_of(blocks.ct, where), Tissue.GGO, how)
    assert "--anywhere" not in str(refusal.value)


def test_painting_what_is_there_already_changes_nothing(seen, blocks):
    mask = mask_of(blocks.ct, np.s_[8, 28:32, 23:27])
    painted = paint(seen, mask, Tissue.GGO, HARD)
    np.testing.assert_allclose(painted.hu, blocks.ct.hu, atol=0.01)


def test_a_mask_on_another_grid_is_refused(seen, blocks):
    grid = Grid.from_spacing(blocks.ct.grid.shape, (8, 5, 2.5))
    with pytest.raises(GeometryError, match="does not lie on the"):
        paint(seen, replace(mask_of(blocks.ct, PATCH), grid=grid), Tissue.GGO)


def test_a_turned_scan_is_painted_and_varied_on_its_own_grid(
    seen, blocks, stored, stichnet
):
    mask = mask_of(blocks.ct, PATCH)
    ct, lungs, turned = (stored(v, *TURN) for v in (blocks.ct, blocks.lungs, mask))
    found = result_of(imagine(ct, stichnet, CPU, lungs))
    np.testing.assert_array_equal(
        paint(found, turned, Tissue.CONSOLIDATION).hu,
        stored(paint(seen, mask, Tissue.CONSOLIDATION), *TURN).hu,
    )
    for severity in (0.0, 1.6):
        np.testing.assert_array_equal(
            vary_severity(found, severity).hu,
            stored(vary_severity(seen, severity), *TURN).hu,
        )


def test_severity_1_is_the_scan_itself_and_marked(seen, blocks):
    same = vary_severity(seen, 1)
    np.testing.assert_array_equal(same.hu, blocks.ct.hu)
    assert same.source.is_synthetic


def test_severity_0_makes_lesions_healthy(seen, blocks):
    healed = vary_severity(seen, 0).hu
    lost = np.array([(0.55 - 0.35), (0.9 - 0.35)]) * 1400
    assert healed[8, 30, 25] == pytest.approx(-550 - lost[0], abs=0.1)
    assert healed[8, 30, 78] == pytest.approx(20 - lost[1], abs=0.1)
    assert healed[8, 18, 32] == -850
    half = vary_severity(seen, 0.5).hu
    assert half[8, 30, 25] == pytest.approx(-550 - lost[0] / 2, abs=0.1)


def test_the_lungs_get_denser_with_severity_voxel_by_voxel(seen, blocks):
    lung = blocks.lungs.labels > 0
    steps = [vary_severity(seen, s).hu for s in (0, 0.4, 0.8, 1, 1.3, 1.7, 2)]
    means = [float(hu[lung].mean()) for hu in steps]
    assert (np.diff(means) > 0.5).all()
    for less, more in pairwise(steps):
        assert (more >= less).all()
        np.testing.assert_array_equal(more[~lung], less[~lung])


def test_disease_spreads_as_far_as_said_and_leaves_the_lesions_as_they_are(
    seen, blocks
):
    wide = StitchSettings(border_mm=0, spread_mm=20)
    grown = vary_severity(seen, 1.5, wide).hu
    was_lesion = seen.lesions.labels > 0
    np.testing.assert_array_equal(grown[was_lesion], blocks.ct.hu[was_lesion])
    # 10 mm are 4 columns; the lesion ends where the model says.
    end = int(was_lesion[8, 30, :50].nonzero()[0].max())
    changed = (grown != blocks.ct.hu)[8, 30, end + 1 : 43]
    assert changed.tolist() == [True] * 3 + [False] * (len(changed) - 3)


def test_a_healthy_scan_has_no_severity_to_vary(blocks, stichnet):
    lung = blocks.lungs.labels > 0
    healthy = np.where(lung, -900, blocks.ct.hu).astype(np.float32)
    ct = replace(blocks.ct, hu=healthy)
    seen = result_of(imagine(ct, stichnet, CPU, blocks.lungs))
    seen = replace(seen, lesions=mask_of(ct, np.s_[:0]))
    np.testing.assert_array_equal(vary_severity(seen, 2).hu, healthy)


@pytest.mark.parametrize("severity", [-0.1, 2.1, float("nan")])
def test_a_severity_beyond_the_scale_is_refused(severity, seen):
    with pytest.raises(UsageError, match="0 is healthy, 1 the scan as it is, 2 the"):
        vary_severity(seen, severity)


def test_the_difference_is_new_minus_old(seen, blocks):
    painted = paint(seen, mask_of(blocks.ct, PATCH), Tissue.CONSOLIDATION, HARD)
    change = difference_of(painted, seen)
    assert change.source.is_synthetic
    expected = np.zeros(change.hu.shape)
    expected[PATCH] = (0.9 - 0.35) * 1400
    np.testing.assert_allclose(change.hu, expected, atol=0.01)


def test_a_vessel_in_a_painted_lesion_stays_a_vessel(blocks, stichnet):
    hu = blocks.ct.hu.copy()
    hu[9, 18, 30] = 40.0
    ct = replace(blocks.ct, hu=hu)
    seen = result_of(imagine(ct, stichnet, CPU, blocks.lungs))
    painted = paint(seen, mask_of(ct, PATCH), Tissue.CONSOLIDATION, HARD)
    style = seen.style(Tissue.CONSOLIDATION).hu
    assert painted.hu[9, 18, 30] == pytest.approx(max(40.0, style[9, 18, 30] + 60))
    assert painted.hu[9, 18, 28] > ct.hu[9, 18, 28] + 100


def test_strength_goes_on_from_where_the_style_is(seen, blocks):
    mask = mask_of(blocks.ct, PATCH)
    how = StitchSettings(border_mm=0, strength=1.5)
    painted = paint(seen, mask, Tissue.GGO, how)
    added = painted.hu[PATCH] - blocks.ct.hu[PATCH]
    np.testing.assert_allclose(added, 1.5 * GGO_ON_HEALTHY, atol=0.01)


@pytest.mark.parametrize(("strength", "missing"), [(0, 0.0), (1, 0.2), (2, 0.4)])
@pytest.mark.parametrize("lesion", ["ggo", "consolidation"])
def test_strength_counts_from_healthy_lung_over_disease_too(
    seen, blocks, lesion, strength, missing
):
    where, grey = {
        "ggo": (np.s_[8, 28:32, 23:27], 0.55),
        "consolidation": (np.s_[8, 29:32, 77:80], 0.9),
    }[lesion]
    how = StitchSettings(border_mm=0, strength=strength)
    painted = paint(seen, mask_of(blocks.ct, where), Tissue.GGO, how)
    wanted = blocks.ct.hu[where] + (0.35 + missing - grey) * 1400
    np.testing.assert_allclose(painted.hu[where], wanted, atol=0.01)


def test_nothing_gets_darker_than_air(seen, blocks):
    lesion, padding = np.s_[8, 28:32, 23:27], np.s_[0, 0, :5]
    hu = blocks.ct.hu.copy()
    # The network sees a lesion where the scan itself is dark.
    hu[lesion], hu[padding] = -950.0, -2000.0
    dark = replace(seen, ct=replace(blocks.ct, hu=hu))
    mask = mask_of(blocks.ct, lesion)
    for new in (paint(dark, mask, Tissue.HEALTHY, HARD), vary_severity(dark, 0)):
        assert (new.hu[lesion] == -1024).all()
        np.testing.assert_array_equal(new.hu[padding], hu[padding])


def test_values_of_a_mask_can_be_tissues_and_the_nearer_one_counts(seen, blocks):
    labels = np.zeros(blocks.ct.grid.shape, np.uint8)
    labels[8, 17:20, 28:31] = Tissue.GGO
    labels[8, 17:20, 31:34] = Tissue.CONSOLIDATION
    both = LesionMask(labels, blocks.ct.grid)
    painted = paint(seen, both, None, StitchSettings(border_mm=5))
    added = (painted.hu - blocks.ct.hu) / 1400
    # Half as much one column (2.5 mm) beyond the border.
    np.testing.assert_allclose(
        added[8, 18, 26:36],
        [0, 0.1, 0.2, 0.2, 0.2, 0.55, 0.55, 0.55, 0.275, 0],
        atol=1e-4,
    )


def test_what_is_painted_looks_the_same_at_any_severity(seen, blocks):
    mask = mask_of(blocks.ct, np.s_[8, 28:32, 23:27])
    for severity in (0.3, 1.7):
        both = paint_and_vary(seen, mask, Tissue.CONSOLIDATION, severity)
        painted = paint(seen, mask, Tissue.CONSOLIDATION)
        inside = mask.labels > 0
        np.testing.assert_allclose(both.hu[inside], painted.hu[inside], atol=0.01)
        far = np.s_[8, :, 60:]
        varied = vary_severity(seen, severity)
        np.testing.assert_array_equal(both.hu[far], varied.hu[far])
        assert (varied.hu[far] != blocks.ct.hu[far]).any()


def test_distances_that_were_measured_before_change_nothing(seen):
    ready = with_distances(seen)
    for severity in (0.0, 0.5, 1.3, 2.0):
        np.testing.assert_array_equal(
            vary_severity(ready, severity).hu, vary_severity(seen, severity).hu
        )

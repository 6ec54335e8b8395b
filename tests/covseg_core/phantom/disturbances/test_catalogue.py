from __future__ import annotations

import numpy as np
import pytest

from covseg_core.phantom.disturbances import DISTURBANCES

NAMES = [f"{each.kind}: {each.name}" for each in DISTURBANCES]


@pytest.mark.parametrize("each", DISTURBANCES, ids=NAMES)
def test_each_changes_the_scan_and_brings_its_mask_along(chest, each):
    ct = each.scan(chest.ct)
    lungs = each.mask(chest.lungs, ct)
    lungs.require_on(ct)
    assert np.isfinite(ct.hu).all()
    assert not (ct.grid.matches(chest.grid) and np.array_equal(ct.hu, chest.ct.hu))
    assert sum(lungs.volumes_ml.values()) == pytest.approx(
        sum(chest.lungs.volumes_ml.values()), rel=0.03
    )
    inside = np.median(ct.hu[lungs.labels > 0])
    air = np.percentile(ct.hu, 1)
    assert air < inside < np.percentile(ct.hu, 90)


def test_every_kind_of_the_other_hospitals_is_there():
    kinds = {each.kind for each in DISTURBANCES}
    assert kinds == {"storage", "slices", "matrix", "surroundings", "metal", "grey"}
    assert len(set(NAMES)) == len(NAMES)

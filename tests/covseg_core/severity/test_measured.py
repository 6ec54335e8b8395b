from __future__ import annotations

from dataclasses import replace

import numpy as np

from covseg_core.severity.measured import measured_sides


def test_infection_joins_the_nearest_lung_and_padding_leaves(blocks):
    labels = blocks.lesions.labels.copy()
    labels[8, 20, 45] = 1  # 3 columns beside the right lung
    padding = np.zeros(labels.shape, bool)
    padding[5] = True
    sides = measured_sides(
        replace(blocks.ct, padding=padding),
        replace(blocks.lesions, labels=labels),
        blocks.lungs,
    )
    wanted = blocks.lungs.labels.copy()
    wanted[8, 20, 45] = 1
    wanted[5] = 0
    np.testing.assert_array_equal(sides, wanted)
    assert blocks.lungs.labels[5].any()

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from covseg_core.reports.severity.diagram import colour_of_points, draw_diagram
from covseg_core.severity.counts import RegionCount
from covseg_core.severity.regions import lobes_of, regions20_of, sides_of, zones_of
from covseg_core.severity.scores import CT_SS, PAN_25
from covseg_core.severity.scoring import give_points
from covseg_core.volume import LobeMask


def drawn(partition, definition, infected):
    """Draw regions of 1000 voxels; `infected` by key, None for an empty region."""
    counts = []
    for region in partition.regions:
        sick = infected.get(region.key, 0)
        voxels = 0 if sick is None else 1000
        counts.append(RegionCount(region, voxels, sick or 0, {}, 0))
    axis = Figure().subplots()
    draw_diagram(axis, give_points(definition, partition.rung, counts))
    return axis


def cells(axis):
    return {
        patch.get_label(): patch
        for patch in axis.patches
        if isinstance(patch, Polygon) and patch.get_label()
    }


def words(axis):
    return {text.get_gid(): text.get_text() for text in axis.texts if text.get_gid()}


@pytest.fixture
def partitions(blocks):
    lobes = LobeMask(np.zeros(blocks.ct.grid.shape, np.uint8), blocks.ct.grid)
    return {
        "zones": zones_of(blocks.lungs),
        "20": regions20_of(blocks.lungs),
        "lobes": lobes_of(lobes),
        "sides": sides_of(blocks.lungs),
    }


@pytest.mark.parametrize(
    ("rung", "count"), [("zones", 6), ("20", 20), ("lobes", 5), ("sides", 2)]
)
def test_every_region_is_drawn_once_on_its_own_side(partitions, rung, count):
    axis = drawn(partitions[rung], PAN_25, {})
    found = cells(axis)
    assert len(found) == count
    for key, patch in found.items():
        middle = patch.get_xy()[:, 0].mean()
        # The patient's right stands left.
        assert (middle < 1.09) == key.startswith("right")


def test_a_region_has_the_colour_and_the_words_of_its_points(partitions):
    axis = drawn(
        partitions["zones"], PAN_25, {"right_lower_zone": 700, "left_upper_zone": 4}
    )
    found = cells(axis)
    assert found["right_lower_zone"].get_facecolor() == pytest.approx(
        to_rgba(colour_of_points(4, 5))
    )
    assert found["right_upper_zone"].get_facecolor() == (1, 1, 1, 1)
    assert words(axis)["right_lower_zone"] == "4 · 70 %"
    assert words(axis)["left_upper_zone"] == "1 · 0.4 %"
    assert axis.texts[-1].get_text() == "5"


def test_what_cannot_be_scored_is_hatched_and_has_no_words(partitions):
    axis = drawn(partitions["lobes"], PAN_25, {"right_middle_lobe": None})
    hatched = [key for key, patch in cells(axis).items() if patch.get_hatch()]
    assert hatched == ["right_middle_lobe"]
    assert "right_middle_lobe" not in words(axis)
    assert any(text.get_text().endswith("not scorable") for text in axis.texts)


def test_upper_regions_stand_above_lower_ones(partitions):
    for rung, above, below in (
        ("zones", "left_upper_zone", "left_lower_zone"),
        ("lobes", "right_upper_lobe", "right_lower_lobe"),
        ("20", "right_top_fifth_back", "right_bottom_fifth_back"),
    ):
        found = cells(drawn(partitions[rung], CT_SS, {}))
        high, low = (found[key].get_xy()[:, 1].mean() for key in (above, below))
        assert high > low


def test_more_points_are_darker():
    greens = [colour_of_points(points, 5)[1] for points in range(6)]
    assert greens == sorted(greens, reverse=True)
    assert len(set(greens)) == 6

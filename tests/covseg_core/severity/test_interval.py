from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.labels import INFECTION
from covseg_core.severity.interval import (
    IntervalSettings,
    Range,
    masks_at,
    measure_interval,
)
from covseg_core.severity.opacity import measure_opacity
from covseg_core.transforms.postprocess import classes_of
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

GRID = Grid.from_spacing((2, 10, 12), (10.0, 5.0, 2.0))


def scan(*infected):
    """Two lungs of 40 voxels of 0.1 ml, and probabilities (ggo, consolidation).

    `infected` are pairs of a place and both probabilities there; the mask is what a
    threshold of 0.5 makes of them.
    """
    lungs = np.zeros(GRID.shape, np.uint8)
    lungs[:, 2:7, 1:5], lungs[:, 2:7, 7:11] = 1, 2
    maps = np.zeros((2, *GRID.shape), np.float32)
    for place, both in infected:
        maps[(slice(None), *place)] = both
    labels = np.stack([classes_of(maps[:, z], 0.5) for z in range(2)])
    ct = CTVolume(np.full(GRID.shape, -800, np.float32), GRID)
    return ct, LesionMask(labels, GRID), LungMask(lungs, GRID), maps


RIGHT = [
    ((0, 2 + n // 4, 1 + n % 4), p)
    for n, p in enumerate(
        [(0.99, 0.0), (0.5, 0.48), (0.2, 0.7), (0.1, 0.2), (0.02, 0.0)]
    )
]


NEARLY_SURE = IntervalSettings(level_percent=95)


def test_the_ends_are_the_volumes_beyond_both_probabilities():
    found = measure_interval(*scan(*RIGHT), NEARLY_SURE)
    right = found.figures["right"]
    # Sums of both classes: 0.99, 0.98, 0.9, 0.3 and 0.02.
    assert right["infection_ml"].low == pytest.approx(0.2)
    assert right["infection_ml"].measured == pytest.approx(0.3)
    assert right["infection_ml"].high == pytest.approx(0.4)
    assert right["infection_ml"].expected == pytest.approx(0.319)
    assert right["percent_opacity"].low == pytest.approx(100 * 2 / 40)
    assert right["percent_opacity"].high == pytest.approx(100 * 4 / 40)
    assert found.figures["both"]["percent_opacity"].high == pytest.approx(5)
    assert found.figures["left"]["infection_ml"] == Range(0, 0, 0, 0)


def test_a_voxel_has_the_class_that_it_has_in_the_mask():
    right = measure_interval(*scan(*RIGHT), NEARLY_SURE).figures["right"]
    # The first two are ground glass, the next two consolidation.
    assert right["ggo_ml"] == Range(
        pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.199)
    )
    assert right["consolidation_ml"] == Range(
        pytest.approx(0.1), 0, pytest.approx(0.2), pytest.approx(0.12)
    )


def test_another_level_gives_other_ends():
    settings = IntervalSettings(level_percent=60)
    low, high = masks_at(scan(*RIGHT)[3], *scan(*RIGHT)[1:3], settings)
    # Above 0.8 and above 0.2.
    assert np.count_nonzero(low.labels) == 3
    assert np.count_nonzero(high.labels) == 4
    assert measure_interval(*scan(*RIGHT), settings).level_percent == 60
    with pytest.raises(ValidationError):
        IntervalSettings(level_percent=100)


def test_the_low_mask_lies_in_the_mask_and_that_in_the_high_one():
    rng = np.random.default_rng(7)
    ct, lesions, lungs, maps = scan()
    maps = rng.uniform(0, 0.5, maps.shape).astype(np.float32)
    maps[:, lungs.labels == 0] = 0
    labels = np.stack([classes_of(maps[:, z], 0.5) for z in range(2)])
    lesions = replace(lesions, labels=labels)
    low, high = masks_at(maps, lesions, lungs)
    assert ((low.labels == 0) | (low.labels == labels)).all()
    assert ((labels == 0) | (labels == high.labels)).all()
    found = measure_interval(ct, lesions, lungs, maps)
    assert found.figures["both"]["infection_ml"].holds_measured
    assert len(found.remarks) == 1


def test_the_figures_measured_are_those_of_the_report():
    ct, lesions, lungs, maps = scan(*RIGHT)
    found = measure_interval(ct, lesions, lungs, maps).figures
    report = measure_opacity(ct, lesions, lungs)
    for name, region in found.items():
        wanted = getattr(report, name)
        assert region["infection_ml"].measured == wanted.infection_ml
        assert region["percent_opacity"].measured == wanted.percent_opacity
        assert region["percent_high_opacity"].measured == wanted.percent_high_opacity


def test_a_model_with_one_class_needs_no_classes():
    ct, lesions, lungs, maps = scan(*RIGHT)
    single = replace(
        lesions, labels=(lesions.labels > 0).astype(np.uint8), label_set=INFECTION
    )
    found = measure_interval(ct, single, lungs, maps.sum(axis=0, keepdims=True))
    assert list(found.figures["right"]) == [
        "infection_ml",
        "percent_opacity",
        "percent_high_opacity",
    ]
    assert found.figures["right"]["infection_ml"].expected == pytest.approx(0.319)


def test_sure_probabilities_leave_no_width():
    sure = [(place, (1.0, 0.0)) for place, _ in RIGHT]
    found = measure_interval(*scan(*sure)).figures["both"]["infection_ml"]
    assert found.low == found.measured == found.high == pytest.approx(found.expected)


def test_a_corrected_mask_outside_the_interval_is_remarked():
    ct, lesions, lungs, maps = scan(*RIGHT)
    lesions.labels[1, 2:7, 1:5] = 1
    found = measure_interval(ct, lesions, lungs, maps)
    assert not found.figures["both"]["infection_ml"].holds_measured
    assert "2.3 ml of the mask lie outside the interval" in found.remarks[-1]
    assert "calibrated" in found.remarks[0]


def test_an_expected_volume_outside_the_interval_is_remarked():
    # 0.2 in 36 of 40 voxels of the right lung adds up to 7.2 voxels; one is sure.
    ct, lesions, lungs, maps = scan(((0, 2, 1), (0.9, 0.0)))
    maps[0][(lungs.labels == 1) & (lesions.labels == 0)] = 0.2
    found = measure_interval(ct, lesions, lungs, maps)
    whole = found.figures["both"]["infection_ml"]
    assert (whole.low, whole.high) == pytest.approx((0.1, 0.1))
    assert "add up to 0.9 ml, which lies outside the interval" in found.remarks[-1]


def test_outside_the_lungs_only_the_mask_counts():
    places = ((0, 2, 5), (0.9, 0.0)), ((0, 9, 0), (0.4, 0))
    found = measure_interval(*scan(*places), NEARLY_SURE)
    right = found.figures["right"]
    assert right["infection_ml"].low == 0
    assert right["infection_ml"].high == pytest.approx(0.1)
    assert right["infection_ml"].expected == pytest.approx(0.09)
    assert right["percent_opacity"].high == pytest.approx(100 / 41)


def test_pictures_have_no_share_of_high_opacity():
    ct, *rest = scan(*RIGHT)
    found = measure_interval(replace(ct, is_hu=False), *rest)
    assert "percent_high_opacity" not in found.figures["both"]


def test_classes_are_added_up_for_a_mask_that_tells_none_apart():
    ct, lesions, lungs, maps = scan(*RIGHT)
    ones = np.minimum(lesions.labels, np.uint8(1))
    joined = replace(lesions, labels=ones, label_set=INFECTION)
    found = measure_interval(ct, joined, lungs, maps).figures["right"]
    wanted = measure_interval(ct, lesions, lungs, maps).figures["right"]
    assert found["infection_ml"].expected == pytest.approx(
        wanted["infection_ml"].expected
    )
    assert replace(found["infection_ml"], expected=None) == replace(
        wanted["infection_ml"], expected=None
    )
    assert "ggo_ml" not in found


def test_probabilities_of_another_scan_or_model_are_refused():
    ct, lesions, lungs, maps = scan(*RIGHT)
    with pytest.raises(GeometryError, match=r"\(1, 10, 12\) voxels and the mask"):
        measure_interval(ct, lesions, lungs, maps[:, :1])
    with pytest.raises(InputRefusedError, match="of 1 classes, but the mask has 2"):
        measure_interval(ct, lesions, lungs, maps[:1])


def test_all_values_fit_into_json():
    document = measure_interval(*scan(*RIGHT)).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["both"]["ggo_ml"]["high"] == pytest.approx(0.2)

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.severity.density import BANDS, HISTOGRAM_EDGES_HU, measure_density
from covseg_core.volume import CTVolume, Grid, LesionMask, LungMask

GRID = Grid.from_spacing((2, 4, 6), (5.0, 1.0, 1.0))


def scan(hu, infected=0):
    """A right lung of the given HU in the first slice; the last ones are infected."""
    image = np.full(GRID.shape, 40, np.float32)
    lungs = np.zeros(GRID.shape, np.uint8)
    lesions = np.zeros(GRID.shape, np.uint8)
    count = len(hu)
    image[0].flat[:count] = hu
    lungs[0].flat[:count] = 1
    lesions[0].flat[count - infected : count] = 1
    return CTVolume(image, GRID), LesionMask(lesions, GRID), LungMask(lungs, GRID)


def test_the_block_phantom_has_the_density_it_was_made_of(blocks):
    density = measure_density(blocks.ct, blocks.lesions, blocks.lungs)
    # 500 voxels at -550 HU and 200 at 20 HU, in 10 000 of which 9300 are at -850 HU.
    infection, lungs = density.infection, density.lungs
    assert (infection.voxels, lungs.voxels) == (700, 10_000)
    mean = (500 * -550 + 200 * 20) / 700
    assert infection.mean_hu == pytest.approx(mean)
    variance = (500 * (-550 - mean) ** 2 + 200 * (20 - mean) ** 2) / 700
    assert infection.sd_hu == pytest.approx(variance**0.5)
    assert (infection.p5_hu, infection.median_hu, infection.p95_hu) == (-550, -550, 20)
    assert lungs.mean_hu == pytest.approx((9300 * -850 + 500 * -550 + 200 * 20) / 1e4)
    assert (lungs.p5_hu, lungs.median_hu, lungs.p95_hu) == (-850, -850, -550)
    assert lungs.band_percent == pytest.approx(
        {
            "below_range": 0,
            "emphysema_like": 0,
            "ventilated": 93,
            "infiltrated": 5,
            "collapsed": 0,
            "above_range": 2,
        }
    )


def test_a_band_holds_its_lower_edge_and_shares_add_up():
    edges = [-1051, -1050, -951, -950, -751, -750, -401, -400, -1, 0]
    lungs = measure_density(*scan(edges)).lungs
    assert list(lungs.band_percent.values()) == [10, 20, 20, 20, 20, 10]
    assert [band.low_hu for band in BANDS[1:]] == [band.high_hu for band in BANDS[:-1]]


def test_percentiles_are_the_lowest_hu_that_enough_voxels_do_not_exceed():
    hu = np.arange(-820, -800)
    lungs = measure_density(*scan(hu)).lungs
    wanted = np.percentile(hu, (5, 50, 95), method="inverted_cdf")
    assert [lungs.p5_hu, lungs.median_hu, lungs.p95_hu] == wanted.tolist()
    assert lungs.p5_hu == -820


def test_the_histogram_counts_every_voxel_once():
    hu = [-3000, -1101, -1100, -1076, -1075, -800, 299, 300, 5000]
    lungs = measure_density(*scan(hu)).lungs
    counts = dict(zip(HISTOGRAM_EDGES_HU, lungs.histogram, strict=False))
    assert len(lungs.histogram) == len(HISTOGRAM_EDGES_HU) - 1
    assert sum(lungs.histogram) == len(hu)
    assert [counts[low] for low in (-1100, -1075, -800, 275)] == [4, 1, 1, 3]


def test_hu_between_whole_numbers_are_rounded():
    infection = measure_density(*scan([-800.0, -500.4, -499.6], infected=2)).infection
    assert infection.median_hu == -500
    assert infection.mean_hu == -500


def test_padding_takes_no_part():
    ct, lesions, lungs = scan([-1000, -1000, -800, -500], infected=1)
    padding = np.zeros(GRID.shape, bool)
    padding[0, 0, :2] = True
    density = measure_density(replace(ct, padding=padding), lesions, lungs)
    assert density.lungs.voxels == 2
    assert density.lungs.mean_hu == -650


def test_without_infection_only_the_lungs_have_a_density():
    density = measure_density(*scan([-800, -700]))
    assert density.infection is None
    assert density.as_dict()["infection"] is None
    assert density.lungs.mean_hu == -750


def test_pictures_have_no_density():
    ct, lesions, lungs = scan([100, 120])
    assert measure_density(replace(ct, is_hu=False), lesions, lungs) is None


def test_infection_beyond_the_mask_counts_as_lung():
    ct, lesions, lungs = scan([-800, -700])
    lesions.labels[0, 0, 2] = 2
    density = measure_density(ct, lesions, lungs)
    assert density.lungs.voxels == 3
    assert density.infection.mean_hu == 40


def test_the_same_voxels_in_another_order_have_the_same_density(chest, stored):
    masks = chest.ct, chest.lesions, chest.lungs
    turned = (stored(each, (2, 0, 1), (True, False, True)) for each in masks)
    assert measure_density(*turned) == measure_density(*masks)


def test_all_values_fit_into_json(blocks):
    density = measure_density(blocks.ct, blocks.lesions, blocks.lungs)
    document = density.as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["bands_hu"]["ventilated"] == [-950, -750]


def test_empty_lungs_and_other_grids_are_refused():
    ct, lesions, lungs = scan([-800])
    nothing = replace(lungs, labels=np.zeros(GRID.shape, np.uint8))
    with pytest.raises(InputRefusedError, match="the lung mask is empty"):
        measure_density(ct, lesions, nothing)
    other = replace(lesions, grid=Grid.from_spacing(GRID.shape, (5.0, 1.0, 1.1)))
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        measure_density(ct, other, lungs)

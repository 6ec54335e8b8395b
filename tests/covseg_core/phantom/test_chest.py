from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import binary_dilation, label

from covseg_core.labels import Lesion, Lung
from covseg_core.phantom import PhantomSettings, make_phantom
from covseg_core.settings import parameters_of

SMALL = PhantomSettings(slices=20, pixels=90, slice_mm=12, pixel_mm=4)
"""The same chest on a tenth of the voxels."""


def make_small(**changes):
    return make_phantom(SMALL.model_copy(update=changes))


@pytest.fixture(scope="module")
def phantom():
    return make_small()


@pytest.fixture(scope="module")
def quiet_healthy():
    return make_small(healthy=True, noise_hu=0)


def count_inside(shapes, grid):
    """Which voxel centres lie in any ellipsoid, computed the slow and plain way."""
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    positions = grid.world_mm(index)
    inside = np.zeros(grid.shape, bool)
    for shape in shapes:
        turn = np.deg2rad(shape.angle_deg)
        back = np.array(
            [
                [np.cos(turn), np.sin(turn), 0],
                [-np.sin(turn), np.cos(turn), 0],
                [0, 0, 1],
            ]
        )
        local = (positions - shape.centre_mm) @ back.T / shape.radii_mm
        inside |= (local**2).sum(axis=-1) <= 1
    return inside


def hu_at(phantom, x_mm, y_mm, z_mm):
    """Mean of 3 x 3 voxels around a position."""
    to_voxel = np.linalg.inv(phantom.grid.affine_lps)
    x, y, z = np.rint(to_voxel @ (x_mm, y_mm, z_mm, 1))[:3].astype(int)
    return phantom.ct.hu[z, y - 1 : y + 2, x - 1 : x + 2].mean()


# Truth


@pytest.mark.parametrize("seed", [0, 5])
def test_lesion_volumes_are_those_of_the_shapes(seed):
    phantom = make_small(seed=seed, lesions=5)
    opacity = count_inside(phantom.opacities, phantom.grid)
    solid = count_inside(phantom.consolidations, phantom.grid)
    assert solid.any()
    assert not (solid & ~opacity).any()
    voxel_ml = 12 * 4 * 4 / 1000
    # One voxel may fall on the other side of a surface by rounding.
    assert phantom.volumes_ml == pytest.approx(
        phantom.lungs.volumes_ml
        | {
            "ggo": (opacity & ~solid).sum() * voxel_ml,
            "consolidation": solid.sum() * voxel_ml,
        },
        abs=1.01 * voxel_ml,
    )


def test_every_lesion_lies_in_a_lung(phantom):
    assert (phantom.lungs.labels[phantom.lesions.labels > 0] > 0).all()


def test_lesions_take_a_moderate_share_of_the_lungs(phantom):
    volumes = phantom.volumes_ml
    lungs = volumes["right_lung"] + volumes["left_lung"]
    assert 0.03 < (volumes["ggo"] + volumes["consolidation"]) / lungs < 0.2


def test_a_finer_grid_has_the_same_lungs(phantom):
    fine = make_small(slices=40, slice_mm=6, pixels=120, pixel_mm=3, lesions=0)
    for side in ("right_lung", "left_lung"):
        assert fine.volumes_ml[side] == pytest.approx(
            phantom.volumes_ml[side], rel=0.02
        )


def test_the_readme_of_the_sample_data_tells_its_true_volumes():
    readme = Path(__file__).parents[3] / "sample_data" / "README.md"
    rows = [line.split("|") for line in readme.read_text().splitlines()]
    told = {
        row[1].strip(): [cell.strip() for cell in row[2:6]] for row in rows if row[5:]
    }
    sample = make_phantom()
    lungs, lesions = sample.lungs.labels, sample.lesions.labels
    for name, chosen in {
        "lung": lungs > 0,
        "ground-glass opacity": lesions == Lesion.GGO,
        "consolidation": lesions == Lesion.CONSOLIDATION,
    }.items():
        right, left = (int((chosen & (lungs == side)).sum()) for side in Lung if side)
        # Other processors may round a voxel to the other side of a surface.
        assert [int(count) for count in told[name][:3]] == pytest.approx(
            [right, left, right + left], abs=3
        )
        volume_ml = (right + left) * sample.grid.voxel_ml
        assert float(told[name][3]) == pytest.approx(volume_ml, abs=0.06)


# Anatomy


def test_the_lungs_are_two_and_the_right_one_is_larger(phantom):
    for side, sign in ((Lung.RIGHT, -1), (Lung.LEFT, 1)):
        lung = phantom.lungs.labels == side
        assert label(lung)[1] == 1
        x_mm = phantom.grid.world_mm(np.argwhere(lung))[:, 0]
        assert (np.sign(x_mm) == sign).all()
    assert (
        3500 > phantom.volumes_ml["right_lung"] > phantom.volumes_ml["left_lung"] > 1500
    )


def test_the_lungs_narrow_towards_the_top(phantom):
    areas = (phantom.lungs.labels > 0).sum(axis=(1, 2))
    assert areas[0] > 0
    assert areas[-1] == 0
    # Above the heart, from 20 mm on.
    upper = areas[12:]
    assert (np.diff(upper) < 0).all()


@pytest.mark.parametrize(
    ("position", "low", "high"),
    [
        ((20, -30, -40), 25, 60),  # heart, in the left half
        ((-70, -10, -110), 40, 75),  # liver, on the right
        ((0, 80, -35), 70, 350),  # marrow of the spine
        ((-60, 20, 0), -900, -750),  # right lung
        ((60, 20, 0), -900, -750),  # left lung
        ((0, -160, 0), -1010, -990),  # air in front of the patient
    ],
)
def test_tissues_have_their_hounsfield_units_where_they_belong(
    quiet_healthy, position, low, high
):
    assert low <= hu_at(quiet_healthy, *position) <= high


def test_the_windpipe_holds_air_and_is_no_lung(phantom):
    to_voxel = np.linalg.inv(phantom.grid.affine_lps)
    x, y, z = np.rint(to_voxel @ (1, 11, 60, 1))[:3].astype(int)
    assert phantom.ct.hu[z, y, x] < -850
    assert phantom.lungs.labels[z, y, x] == Lung.BACKGROUND


def test_lesions_have_the_density_of_their_class(phantom):
    hu, lesions = phantom.ct.hu, phantom.lesions.labels
    healthy = hu[(phantom.lungs.labels > 0) & (lesions == 0)]
    assert -880 < np.median(healthy) < -800
    assert -650 < np.median(hu[lesions == Lesion.GGO]) < -450
    assert -250 < np.median(hu[lesions == Lesion.CONSOLIDATION]) < 60


# Settings


def test_the_same_settings_give_the_same_scan(phantom):
    again = make_small()
    np.testing.assert_array_equal(again.ct.hu, phantom.ct.hu)
    np.testing.assert_array_equal(again.lesions.labels, phantom.lesions.labels)
    assert again.opacities == phantom.opacities


def test_another_seed_is_another_patient(phantom):
    other = make_small(seed=1)
    assert (other.lungs.labels != phantom.lungs.labels).any()
    assert other.opacities != phantom.opacities


def test_the_healthy_patient_is_the_same_without_lesions(phantom):
    healthy = make_small(healthy=True)
    assert not healthy.lesions.labels.any()
    assert healthy.opacities == healthy.consolidations == ()
    np.testing.assert_array_equal(healthy.lungs.labels, phantom.lungs.labels)
    near_a_lesion = binary_dilation(phantom.lesions.labels > 0, iterations=5)
    np.testing.assert_array_equal(
        healthy.ct.hu[~near_a_lesion], phantom.ct.hu[~near_a_lesion]
    )


def test_noise_has_the_deviation_that_was_asked_for_and_moves_nothing(phantom):
    quiet, loud = make_small(noise_hu=0), make_small(noise_hu=30)
    np.testing.assert_array_equal(quiet.lesions.labels, loud.lesions.labels)
    inside = np.abs(quiet.ct.hu) < 500
    noise = (loud.ct.hu - quiet.ct.hu)[inside]
    assert noise.std() == pytest.approx(30, rel=0.03)
    assert abs(noise.mean()) < 1


def test_more_lesions_can_be_asked_for():
    few, many = make_small(lesions=2), make_small(lesions=25)
    assert 0 < few.volumes_ml["ggo"] < many.volumes_ml["ggo"]


def test_the_scan_looks_like_one_from_a_file(phantom):
    hu = phantom.ct.hu
    assert hu.dtype == np.float32
    np.testing.assert_array_equal(hu, np.rint(hu))
    assert hu.min() >= -1024
    assert hu.max() <= 3071
    assert phantom.ct.is_hu
    assert phantom.ct.source.kind == "phantom"
    assert phantom.grid.spacing_mm_zyx == pytest.approx((12, 4, 4))


@pytest.mark.parametrize(
    "changes",
    [
        {"slices": 1},
        {"pixels": 32},
        {"pixels": 32, "pixel_mm": 0.3, "slices": 3},
        {"pixels": 64, "pixel_mm": 10, "slices": 2, "slice_mm": 20},
        {"lesions": 0},
    ],
)
def test_any_field_of_view_can_be_computed(changes):
    phantom = make_small(**changes)
    assert np.isfinite(phantom.ct.hu).all()
    assert (phantom.lungs.labels[phantom.lesions.labels > 0] > 0).all()


@pytest.mark.parametrize("wrong", [{"slices": 0}, {"pixel_mm": -1}, {"colour": 3}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PhantomSettings(**wrong)


def test_a_form_can_be_made_of_the_settings():
    parameters = {
        parameter.name: parameter for parameter in parameters_of(PhantomSettings)
    }
    assert parameters["slice_mm"].unit == "mm"
    assert parameters["healthy"].kind is bool
    assert all(parameter.help for parameter in parameters.values())

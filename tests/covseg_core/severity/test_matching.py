from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from covseg_core.errors import InputRefusedError
from covseg_core.severity.matching import MatchSettings, match_lungs
from covseg_core.volume import Grid, LungMask

LUNGS = ((1, (-75, 5, 0), (55, 75, 110)), (2, (70, 10, -12), (48, 70, 100)))
"""Value, centre and half axes of two ellipsoids, in mm."""
POINTS = np.array([[0, 0, 0], [-75, 5, 0], [70, 10, -12], [0, 0, 100], [0, -70.0, 0]])
EARLIER = Grid.from_spacing((50, 60, 80), (6.0, 5.0, 5.0), (-198.0, -148.0, -150.0))
FINE = Grid.from_spacing((44, 120, 160), (8.0, 2.5, 2.5), (-200.0, -150.0, -172.0))
FLIPPED = Grid(
    (80, 44, 150),
    np.array([[-2.5, 0, 0, 187], [0, 0, 4.0, -160], [0, 8.0, 0, -172], [0, 0, 0, 1]]),
)


def motion(degrees, shift_mm):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(degrees, degrees=True).as_matrix()
    matrix[:3, 3] = shift_mm
    return matrix


def oblique():
    return Grid(FINE.shape, motion((6, 3, -6), (0, 0, 0)) @ FINE.affine_lps)


def lungs(grid, matrix=None):
    """Both ellipsoids, moved."""
    back = np.linalg.inv(np.eye(4) if matrix is None else matrix)
    places = np.moveaxis(np.indices(grid.shape), 0, -1)
    world = grid.world_mm(places) @ back[:3, :3].T + back[:3, 3]
    labels = np.zeros(grid.shape, np.uint8)
    for value, centre, radii in LUNGS:
        labels[(((world - centre) / radii) ** 2).sum(axis=-1) <= 1] = value
    return LungMask(labels, grid)


@pytest.mark.parametrize(
    ("degrees", "shift_mm", "grid"),
    [
        ((0, 0, 0), (7.3, -2.2, 4.1), FINE),
        ((5, -8, 10), (12, -20, 30), FLIPPED),
        ((-12, 6, 14), (-15, 12, -20), oblique()),
    ],
)
def test_a_known_motion_is_found_within_a_millimetre_and_a_degree(
    degrees, shift_mm, grid
):
    wanted = motion(degrees, shift_mm)
    found = match_lungs(lungs(grid, wanted), lungs(EARLIER))
    apart = found.rigid.matrix @ np.linalg.inv(wanted)
    assert np.degrees(Rotation.from_matrix(apart[:3, :3]).magnitude()) < 0.5
    there = POINTS @ wanted[:3, :3].T + wanted[:3, 3]
    assert np.linalg.norm(found.rigid.move(POINTS) - there, axis=1).max() < 0.6
    assert found.rigid.angle_degrees == pytest.approx(np.linalg.norm(degrees), abs=0.5)
    assert found.dice_after > max(found.dice_before, 0.95)
    assert found.remarks == ()


def test_the_same_lungs_do_not_move_and_the_answer_is_repeatable():
    here = lungs(EARLIER)
    found, again = match_lungs(here, here), match_lungs(here, here)
    assert found.dice_before == found.dice_after == 1
    assert found.rigid.angle_degrees == pytest.approx(0, abs=0.01)
    np.testing.assert_array_equal(found.rigid.matrix, again.rigid.matrix)


def test_a_part_that_a_mask_lost_does_not_pull_the_rest_along():
    later = lungs(EARLIER)
    later.labels[:, :, :40][:14] = 0
    found = match_lungs(later, lungs(EARLIER))
    assert np.linalg.norm(found.rigid.move(POINTS) - POINTS, axis=1).max() < 4


def test_lungs_that_do_not_fit_are_called_doubtful():
    other = lungs(EARLIER)
    box = np.zeros(EARLIER.shape, np.uint8)
    box[5:12, 5:50, 10:70] = 1
    found = match_lungs(replace(other, labels=box), other)
    assert found.dice_after < 0.85
    assert "look at the match before trusting" in found.remarks[0]


def test_what_is_doubtful_is_a_setting():
    later = lungs(EARLIER)
    strict = MatchSettings(least_dice=1.0)
    assert match_lungs(later, later, strict).remarks == ()
    later.labels[20:30] = 0
    assert match_lungs(later, lungs(EARLIER), strict).remarks


def test_empty_lungs_are_refused():
    full = lungs(EARLIER)
    empty = replace(full, labels=np.zeros(EARLIER.shape, np.uint8))
    with pytest.raises(InputRefusedError, match="of the earlier scan is empty"):
        match_lungs(full, empty)
    with pytest.raises(InputRefusedError, match="of the later scan is empty"):
        match_lungs(empty, full)


def test_all_values_fit_into_json():
    document = match_lungs(lungs(EARLIER), lungs(EARLIER)).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert np.shape(document["matrix_lps_mm"]) == (4, 4)

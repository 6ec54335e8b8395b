from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import GeometryError, InputRefusedError, UsageError
from covseg_core.io.nifti import write_nifti_labels, write_nifti_probabilities
from covseg_core.metrics.pairs import match_files, read_prediction, read_truth
from covseg_core.volume import Grid, LesionMask

GRID = Grid.from_spacing((3, 4, 5), (6.0, 1.0, 1.0))
LABELS = np.arange(60, dtype=np.uint8).reshape(3, 4, 5) % 3


@pytest.fixture
def folders(tmp_path):
    """Two empty folders, for predictions and references."""
    for name in ("pred", "ref"):
        (tmp_path / name).mkdir()
    return tmp_path / "pred", tmp_path / "ref"


def picture(path, values):
    Image.fromarray(np.array(values, np.uint8)).save(path)
    return path


def volume(path, labels=LABELS, grid=GRID):
    write_nifti_labels(path, LesionMask(labels, grid))
    return path


def match_one(pred, ref):
    (pair,) = match_files(pred, ref)
    return pair


def read_both(pred, ref, *, probable=False):
    pair = match_one(pred, ref)
    truth = read_truth(pair)
    return read_prediction(pair, truth, prefer_probabilities=probable), truth


def test_folders_are_matched_by_name_whatever_the_ending(folders):
    pred, ref = folders
    volume(pred / "a.nii.gz"), volume(ref / "a.nii")
    maps = np.zeros((2, 3, 4, 5), np.float32)
    write_nifti_probabilities(pred / "a_prob.nii.gz", maps, GRID)
    picture(ref / "b.png", [[0]])
    np.save(pred / "b.npy", np.zeros((1, 1, 1), np.float32))
    first, second = match_files(pred, ref)
    assert (first.name, first.mask, first.probabilities) == (
        "a",
        pred / "a.nii.gz",
        pred / "a_prob.nii.gz",
    )
    assert (second.name, second.mask, second.probabilities) == (
        "b",
        None,
        pred / "b.npy",
    )


def test_manifests_overlays_and_hidden_files_are_no_predictions(folders):
    pred, ref = folders
    picture(pred / "a.png", [[0]]), picture(ref / "a.png", [[0]])
    for name in ("a.json", ".hidden.png", "overlay.png", "a_overlay.png", "notes.txt"):
        (pred / name).write_text("{}")
    assert match_one(pred, ref).mask == pred / "a.png"


def test_maps_of_uncertainty_are_no_predictions(folders):
    pred, ref = folders
    volume(pred / "a.nii.gz"), volume(ref / "a.nii.gz")
    picture(pred / "b.png", [[0]]), picture(ref / "b.png", [[0]])
    (pred / "a_uncertainty.nii.gz").write_bytes(b"a map")
    np.save(pred / "b_uncertainty.npy", np.zeros((1, 1), np.float32))
    first, second = match_files(pred, ref)
    assert (first.mask, first.probabilities) == (pred / "a.nii.gz", None)
    assert (second.mask, second.probabilities) == (pred / "b.png", None)
    with pytest.raises(InputRefusedError, match="cannot be evaluated"):
        match_files(pred / "b_uncertainty.npy", ref / "b.png")


def test_two_files_need_no_common_name(folders):
    pred, ref = folders
    pair = match_one(picture(pred / "x.png", [[1]]), picture(ref / "y.png", [[1]]))
    assert pair.name == "y"


def test_names_without_a_partner_are_listed(folders):
    pred, ref = folders
    for name in ("a", "b", "d"):
        picture(pred / f"{name}.png", [[0]])
    for name in ("b", "c"):
        picture(ref / f"{name}.png", [[0]])
    with pytest.raises(
        InputRefusedError, match="no reference for a, d; no prediction for c"
    ):
        match_files(pred, ref)


def test_two_masks_of_one_name_are_refused(folders):
    pred, ref = folders
    picture(pred / "a.png", [[0]]), volume(pred / "a.nii.gz")
    picture(ref / "a.png", [[0]])
    with pytest.raises(InputRefusedError, match=r"a\.nii\.gz and a\.png have one name"):
        match_files(pred, ref)


def test_what_cannot_be_compared_is_told(folders, tmp_path):
    pred, ref = folders
    with pytest.raises(InputRefusedError, match="no file or folder 'absent'"):
        match_files(tmp_path / "absent", ref)
    with pytest.raises(InputRefusedError, match="folder of predictions holds no"):
        match_files(pred, ref)
    mask = picture(pred / "a.png", [[0]])
    with pytest.raises(UsageError, match="two files or two folders"):
        match_files(mask, ref)
    (ref / "a.txt").write_text("")
    with pytest.raises(InputRefusedError, match=r"a\.txt cannot be evaluated"):
        match_files(mask, ref / "a.txt")


def test_a_volume_is_read_with_its_grid(folders):
    pred, ref = folders
    predicted, truth = read_both(
        volume(pred / "a.nii.gz"), volume(ref / "a.nii.gz", np.zeros_like(LABELS))
    )
    np.testing.assert_array_equal(predicted.voxels, LABELS)
    assert not truth.voxels.any()
    assert truth.grid.matches(GRID)


def test_probabilities_of_a_volume_come_with_the_classes_in_front(folders):
    pred, ref = folders
    maps = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32) / 2
    write_nifti_probabilities(pred / "a_prob.nii.gz", maps, GRID)
    predicted, _ = read_both(pred / "a_prob.nii.gz", volume(ref / "a.nii.gz"))
    np.testing.assert_array_equal(predicted.voxels, maps)


@pytest.mark.parametrize(("probable", "axes"), [(False, 2), (True, 3)])
def test_where_both_are_there_the_caller_chooses(folders, probable, axes):
    pred, ref = folders
    picture(pred / "a.png", [[1, 0]]), picture(ref / "a.png", [[1, 0]])
    np.save(pred / "a.npy", np.zeros((1, 1, 2), np.float32))
    predicted, _ = read_both(pred, ref, probable=probable)
    assert predicted.voxels.ndim == axes


@pytest.mark.parametrize("values", [[0, 1, 2, 255], [0, 1], [0, 255], [0, 2]])
def test_greys_that_are_labels_are_read_as_they_are(folders, values):
    pred, ref = folders
    predicted, truth = read_both(
        picture(pred / "a.png", [values]), picture(ref / "a.png", [values])
    )
    assert predicted.voxels.tolist() == truth.voxels.tolist() == [values]


def test_black_and_white_of_one_bit_is_infection_of_unknown_class(folders):
    pred, ref = folders
    Image.fromarray(np.array([[True, False]])).save(ref / "a.png")
    _, truth = read_both(picture(pred / "a.png", [[1, 0]]), ref / "a.png")
    assert truth.voxels.tolist() == [[255, 0]]


def test_other_greys_are_probabilities_when_predicted_and_refused_as_truth(folders):
    pred, ref = folders
    soft, mask = picture(pred / "a.png", [[51, 255]]), picture(ref / "a.png", [[0, 1]])
    predicted, _ = read_both(soft, mask)
    np.testing.assert_allclose(predicted.voxels, [[[0.2, 1.0]]], rtol=1e-6)
    with pytest.raises(InputRefusedError, match="holds the grey levels 51; a reader"):
        read_truth(match_one(mask, soft))


def test_another_shape_or_place_is_refused_and_nothing_is_resampled(folders):
    pred, ref = folders
    truth = volume(ref / "a.nii.gz")
    small = volume(
        pred / "small.nii.gz", LABELS[:2], Grid.from_spacing((2, 4, 5), (6, 1, 1))
    )
    with pytest.raises(
        GeometryError, match="2 x 4 x 5 voxels, the reference 3 x 4 x 5"
    ):
        read_both(small, truth)
    wide = volume(pred / "wide.nii.gz", grid=Grid.from_spacing((3, 4, 5), (6, 2, 1)))
    with pytest.raises(GeometryError, match="6 x 2 x 1 and 6 x 1 x 1 mm"):
        read_both(wide, truth)
    with pytest.raises(GeometryError, match="1 x 2 voxels, the reference 3 x 4 x 5"):
        read_both(picture(pred / "a.png", [[0, 1]]), truth)

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError
from covseg_core.io.images import write_mask_png
from covseg_core.io.nifti import write_nifti_labels, write_nifti_probabilities
from covseg_core.metrics.config import EvaluateSettings
from covseg_core.metrics.evaluation import Model, classes_to_score, evaluate_files
from covseg_core.metrics.pairs import match_files
from covseg_core.metrics.scores import score_case
from covseg_core.volume import Grid, LesionMask

GRID = Grid.from_spacing((4, 8, 8), (6.0, 1.0, 1.0))
INFNET = EvaluateSettings(protocol="infnet2020")


@pytest.fixture
def volumes(tmp_path):
    """Truth in slices 2 and 3, predictions of it and of slice 4, counted from 1."""
    truth = np.zeros(GRID.shape, np.uint8)
    truth[1, 2:6, 2:6], truth[2, 2:6, 2:6] = 1, 2
    first, second = truth.copy(), np.roll(truth, 1, axis=0)
    for name, labels in (("ref", truth), ("first", first), ("second", second)):
        (tmp_path / name).mkdir()
        write_nifti_labels(tmp_path / name / "a.nii.gz", LesionMask(labels, GRID))
    return tmp_path


def pictures(folder, **masks):
    folder.mkdir()
    for name, values in masks.items():
        write_mask_png(folder / f"{name}.png", np.array([values], np.uint8))
    return folder


def run(models, settings):
    return list(evaluate_files(models, settings, {"a": "p", "b": "q"}))


def test_a_volume_is_one_case_with_distances(volumes):
    pairs = match_files(volumes / "second", volumes / "ref")
    (evaluated,) = run([Model(pairs, (1, 2))], EvaluateSettings())
    ((case,),) = evaluated.cases
    assert (case.name, case.patient) == ("a", "p")
    assert case.scores == score_case(
        evaluated.predicted.voxels,
        evaluated.truth.voxels,
        GRID.spacing_mm_zyx,
        (1, 2),
    )
    assert case.scores["infection"]["hd95_mm"] == pytest.approx(6.0)


def test_infnet2020_judges_each_slice_that_holds_infection(volumes):
    pairs = match_files(volumes / "second", volumes / "ref")
    ((cases,),) = (each.cases for each in run([Model(pairs, (1, 2))], INFNET))
    assert [case.name for case in cases] == ["a slice 2", "a slice 3", "a slice 4"]
    assert {case.patient for case in cases} == {"p"}
    # Slice 2 is true opacity that was missed, slice 4 made-up consolidation.
    assert [list(case.scores) for case in cases] == [
        ["infection", "ggo"],
        ["infection", "ggo", "consolidation"],
        ["infection", "consolidation"],
    ]
    # At threshold 0 everything is predicted, so truth is hit once in 256.
    everything = 2 * 16 / (16 + 64)
    assert cases[0].scores["infection"]["dice"] == pytest.approx(everything / 256)


def test_two_models_are_compared_on_the_slices_of_either(volumes):
    models = [
        Model(match_files(volumes / name, volumes / "ref"), (1, 2))
        for name in ("first", "second")
    ]
    (evaluated,) = run(models, INFNET)
    first, second = evaluated.compared
    assert [case.name for case in first] == ["a slice 2", "a slice 3", "a slice 4"]
    # The second model made up opacity in slice 3 and consolidation in slice 4.
    for cases in (first, second):
        assert [list(case.scores) for case in cases] == [
            ["infection", "ggo"],
            ["infection", "ggo", "consolidation"],
            ["infection", "consolidation"],
        ]
    assert first[1].scores["ggo"]["predicted_voxels"] == 0


def test_the_scores_of_a_model_do_not_depend_on_another(volumes):
    models = [
        Model(match_files(volumes / name, volumes / "ref"), (1, 2))
        for name in ("first", "second")
    ]
    (both,) = run(models, INFNET)
    for model, cases in zip(models, both.cases, strict=True):
        (alone,) = run([model], INFNET)
        assert alone.cases == (cases,)
    assert [case.name for case in both.cases[0]] == ["a slice 2", "a slice 3"]


def test_pictures_are_cases_without_distances(tmp_path):
    ref = pictures(tmp_path / "ref", a=[0, 1, 2], b=[0, 0, 1])
    pred = pictures(tmp_path / "pred", a=[0, 1, 1], b=[0, 0, 1])
    results = run([Model(match_files(pred, ref), ())], EvaluateSettings())
    names = [case.name for each in results for case in each.cases[0]]
    assert names == ["a", "b"]
    assert "hd95_mm" not in results[0].cases[0][0].scores["infection"]


@pytest.mark.parametrize(
    ("predicted", "true", "classes"),
    [
        ([0, 1, 2], [0, 1, 2], (1, 2)),
        ([0, 1, 2], [0, 0, 2], (2,)),
        ([0, 1, 1], [0, 1, 2], ()),
        ([0, 1, 2], [0, 1, 1], ()),
        ([0, 255, 255], [0, 1, 2], ()),
        ([0, 2, 255], [0, 1, 2], (1, 2)),
        ([0, 80, 200], [0, 1, 2], ()),
    ],
)
def test_classes_are_scored_where_both_sides_tell_them_apart(
    tmp_path, predicted, true, classes
):
    ref = pictures(tmp_path / "ref", a=true, b=[0, 0, 0])
    pred = pictures(tmp_path / "pred", a=predicted, b=[0, 1, 0])
    assert classes_to_score(match_files(pred, ref)) == classes


def test_two_channels_tell_classes_apart(volumes):
    maps = np.zeros((2, *GRID.shape), np.float32)
    write_nifti_probabilities(volumes / "first" / "a_prob.nii.gz", maps, GRID)
    pairs = match_files(volumes / "first" / "a_prob.nii.gz", volumes / "ref/a.nii.gz")
    assert classes_to_score(pairs) == (1, 2)


def test_a_class_without_a_channel_is_refused(volumes):
    maps = np.zeros((1, *GRID.shape), np.float32)
    write_nifti_probabilities(volumes / "first" / "a_prob.nii.gz", maps, GRID)
    pairs = match_files(volumes / "first", volumes / "ref")
    with pytest.raises(InputRefusedError, match="class 2 was asked for, but the prob"):
        run([Model(pairs, (1, 2))], INFNET)

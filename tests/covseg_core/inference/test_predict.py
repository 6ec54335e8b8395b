from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError, UsageError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import (
    make_slice_outliner,
    predict_ct,
    predict_image,
    predict_picture,
)
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.transforms.postprocess import classes_of
from covseg_core.transforms.prepare import Prepare
from covseg_core.volume import CTVolume, Grid, SliceImage

pytestmark = pytest.mark.usefixtures("one_thread")

TURNS = list(
    itertools.product(
        itertools.permutations(range(3)), itertools.product((False, True), repeat=3)
    )
)
# Slices, rows and columns that the network is shown of the block phantom: its
# lungs and, in the slice, 10 mm around.
BOX = np.s_[5:15, 12:40, 14:92]


def settings(**change):
    return PredictSettings(**({"device": "cpu", "engine": "torch"} | change))


def finish(steps):
    """Run a generator to its end; what it reported and what it returned."""
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as stop:
            return reports, stop.value


def predict(ct, model, lungs=None, keep=False, **change):
    steps = predict_ct(
        ct, model, settings(**change), lungs=lungs, keep_probabilities=keep
    )
    return finish(steps)[1]


@pytest.fixture
def baseline():
    return load_model(find_model("hu-threshold"))


@pytest.fixture
def healthy(blocks):
    lung = blocks.lungs.labels > 0
    return replace(blocks.ct, hu=np.where(lung, -850, blocks.ct.hu).astype(np.float32))


def test_bright_tissue_inside_the_box_around_the_lungs_is_outlined(blocks, model):
    prediction = predict(blocks.ct, model())
    labels = prediction.lesions.labels
    assert prediction.lesions.grid is blocks.ct.grid
    assert prediction.lesions.label_set.name == "infection"
    # The middle of the opacity, and of healthy lung; nothing outside the box.
    assert (labels[6:11, 27:33, 22:28] == 1).all()
    assert (labels[6:11, 16:22, 22:40] == 0).all()
    outside = labels.copy()
    outside[BOX] = 0
    assert not outside.any()


def test_classes_keep_their_values(blocks, model):
    labels = predict(blocks.ct, model(model.multi)).lesions.labels
    assert (labels[6:11, 27:33, 22:28] == 1).all()
    assert (labels[7:11, 29:32, 75:81] == 2).all()


@pytest.mark.parametrize(("order", "flips"), TURNS)
def test_the_mask_lies_on_the_same_world_voxels_in_all_48_orders_of_voxels(
    order, flips, blocks, stored, model
):
    expected = predict(blocks.ct, model(), blocks.lungs, keep=True)
    ct, lungs = (stored(each, order, flips) for each in (blocks.ct, blocks.lungs))
    prediction = predict(ct, model(), lungs, keep=True)
    truth = stored(expected.lesions, order, flips)
    assert truth.labels.any()
    assert prediction.lesions.grid is ct.grid
    assert prediction.lesions.labels.flags.c_contiguous
    np.testing.assert_array_equal(prediction.lesions.labels, truth.labels)
    probability = replace(expected.lesions, labels=expected.probabilities[0])
    np.testing.assert_array_equal(
        prediction.probabilities[0], stored(probability, order, flips).labels
    )


@pytest.mark.parametrize(("order", "flips"), TURNS[5:48:13])
def test_lungs_are_found_on_the_grid_of_the_scan_whatever_its_order(
    order, flips, blocks, stored, baseline
):
    prediction = predict(stored(blocks.ct, order, flips), baseline)
    lungs = stored(blocks.lungs, order, flips)
    np.testing.assert_array_equal(prediction.lungs.labels, lungs.labels)
    assert prediction.lesions.volumes_ml["ggo"] == pytest.approx(50, rel=0.2)
    assert not prediction.lesions.labels[lungs.labels == 0].any()


def test_an_oblique_scan_is_predicted_on_its_own_grid(blocks, model):
    angle = np.deg2rad(12)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    grid = Grid(blocks.ct.grid.shape, tilt @ blocks.ct.grid.affine_lps)
    ct, lungs = (replace(each, grid=grid) for each in (blocks.ct, blocks.lungs))
    straight = predict(blocks.ct, model(), blocks.lungs)
    tilted = predict(ct, model(), lungs)
    np.testing.assert_array_equal(tilted.lesions.labels, straight.lesions.labels)
    np.testing.assert_allclose(tilted.lesions.grid.affine_lps, grid.affine_lps)


def test_a_healthy_scan_stays_empty_for_the_baseline(healthy, baseline):
    prediction = predict(healthy, baseline)
    assert not prediction.lesions.labels.any()
    assert prediction.engine == "none"


def test_slices_outside_the_lungs_stay_empty(blocks, model):
    prediction = predict(blocks.ct, model(), keep=True, threshold=0.0, smallest_ml=0)
    filled = np.flatnonzero(prediction.lesions.labels.any(axis=(1, 2)))
    np.testing.assert_array_equal(filled, range(5, 15))
    assert not prediction.probabilities[0, :5].any()
    assert not prediction.probabilities[0, 15:].any()


def test_a_threshold_of_zero_is_not_taken_for_none(blocks, model):
    kept = predict(blocks.ct, model(), threshold=0.0).lesions.labels
    assert (kept[BOX] == 1).all()
    assert not (predict(blocks.ct, model()).lesions.labels[BOX] == 1).all()


def test_the_cards_threshold_is_taken_when_nothing_is_said(blocks, model):
    # The opacity is shown as (-550 + 1350) / 1400 = 0.57.
    middle = np.s_[8, 30, 25]
    assert predict(blocks.ct, model()).lesions.labels[middle] == 1
    strict = model(threshold=0.6)
    assert predict(blocks.ct, strict).lesions.labels[middle] == 0
    assert predict(blocks.ct, strict, threshold=0.5).lesions.labels[middle] == 1


def test_islands_are_dropped_by_their_volume_in_ml(blocks, baseline):
    # 50 ml of opacity and 20 ml of consolidation, their rims left out.
    volumes = [
        predict(blocks.ct, baseline, smallest_ml=least).lesions.volumes_ml
        for least in (1, 30, 60)
    ]
    found = [[volume > 0 for volume in each.values()] for each in volumes]
    # A consolidation has a rim of opacity, which belongs to its island.
    assert [any(each) for each in found] == [True, True, False]
    assert [each[1] for each in found] == [True, False, False]


def test_an_island_stays_only_where_the_model_is_sure_of_some_of_it(blocks, model):
    """Two islands inside the right lung, shown as 0.57 and, one of them, as 0.75."""
    lungs = blocks.lungs.labels > 0
    hu = np.where(lungs, -850, -1350).astype(np.float32)
    hu[6:9, 17:21, 22:28] = hu[6:9, 29:34, 30:38] = -550
    hu[7, 31:33, 32:36] = -300
    ct = replace(blocks.ct, hu=hu)
    first, second = np.s_[7, 18:20, 24:26], np.s_[7, 30:33, 32:36]
    for sure, stays in ((0.0, True), (0.5, True), (0.65, False), (0.9, None)):
        labels = predict(ct, model(sure=sure), blocks.lungs).lesions.labels
        assert labels[first].all() == bool(stays)
        assert labels[second].all() == (stays is not None)
        assert labels[second].any() == (stays is not None)


@pytest.mark.parametrize(
    ("columns", "stays"), [((51, 60), False), ((46, 55), True)], ids=["far", "near"]
)
def test_what_lies_far_from_the_lungs_is_no_infection(blocks, model, columns, stays):
    """Such as the air and metal in front of a throat; between these lungs are 62 mm."""
    hu = np.where(blocks.lungs.labels > 0, -850, -1350).astype(np.float32)
    hu[6:9, 18:30, slice(*columns)] = hu[6:9, 18:30, 26:34] = -200
    ct = replace(blocks.ct, hu=hu)
    labels = predict(ct, model(), blocks.lungs).lesions.labels
    assert labels[7, 20:28, 28:32].all()
    assert labels[7, 18:30, 51:60].any() == stays


def test_what_no_neighbouring_slice_shows_is_averaged_away(blocks, model):
    lungs = blocks.lungs.labels > 0
    hu = np.where(lungs, -850, -1350).astype(np.float32)
    through, blip = np.s_[6:13, 17:21, 22:28], np.s_[9, 29:34, 30:38]
    hu[through] = hu[blip] = -300
    ct = replace(blocks.ct, hu=hu)
    for through_plane_mm, stays in ((0.0, True), (16.0, False)):
        card = model(through_plane_mm=through_plane_mm)
        labels = predict(ct, card, blocks.lungs, smallest_ml=0).lesions.labels
        assert labels[through][2:-2, 1:-1, 2:-2].all()
        assert labels[blip][1:-1, 1:-1].any() == stays


def test_a_model_that_is_shown_the_whole_slice_is_not_cut_to_one_lung(blocks, model):
    whole = model(prepare=model().card.prepare.model_copy(update={"crop": "none"}))
    right = replace(blocks.lungs, labels=np.uint8(blocks.lungs.labels == 1))
    expected = predict(blocks.ct, whole).lesions.labels
    found = predict(blocks.ct, whole, right).lesions.labels
    assert found[blocks.lungs.labels == 2].any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_slice_alone_is_outlined_as_in_its_scan(blocks, model, batch_size):
    card = model(through_plane_mm=10.0)
    how = settings(batch_size=batch_size, smallest_ml=0)
    whole = predict(blocks.ct, card, blocks.lungs, smallest_ml=0).lesions.labels
    for z in (BOX[0].start, 9, BOX[0].stop - 1):
        part = slice(z, z + 1)
        steps = predict_ct(blocks.ct, card, how, lungs=blocks.lungs, slices=part)
        alone = finish(steps)[1].lesions.labels
        np.testing.assert_array_equal(alone[z], whole[z])
        assert not np.delete(alone, z, axis=0).any()
    assert whole[9].any()


def test_a_threshold_above_what_is_sure_takes_its_place(blocks, model):
    sure = model(sure=0.2, threshold=0.1)
    kept = predict(blocks.ct, sure, threshold=0.5).lesions.labels
    np.testing.assert_array_equal(
        kept, predict(blocks.ct, model(threshold=0.5)).lesions.labels
    )


def test_progress_counts_the_slices_of_the_lungs(blocks, model):
    steps = predict_ct(blocks.ct, model(), settings(batch_size=4))
    reports, prediction = finish(steps)
    assert [(each.stage, each.done, each.total) for each in reports] == [
        ("Finding the lungs", 0, 0),
        ("Loading the network", 0, 0),
        ("Outlining infection", 4, 10),
        ("Outlining infection", 8, 10),
        ("Outlining infection", 10, 10),
    ]
    assert [each.slices for each in reports[2:]] == [
        slice(5, 9),
        slice(9, 13),
        slice(13, 15),
    ]
    # The phantom is stored in the standard order and its islands are large.
    for each in reports[2:]:
        assert each.labels.shape == (each.slices.stop - each.slices.start, 48, 112)
        np.testing.assert_array_equal(
            each.labels, prediction.lesions.labels[each.slices]
        )


def test_lungs_that_are_given_are_not_looked_for(blocks, model):
    reports, prediction = finish(
        predict_ct(blocks.ct, model(), settings(), lungs=blocks.lungs)
    )
    assert reports[0].stage == "Loading the network"
    assert prediction.lungs is blocks.lungs


def test_it_stops_when_nobody_asks_for_more(blocks, model):
    calls = []
    stopped = model()
    stopped.network.register_forward_hook(lambda *_: calls.append(1))
    steps = predict_ct(blocks.ct, stopped, settings(batch_size=2), lungs=blocks.lungs)
    for step in steps:
        if step.done == 4:
            break
    steps.close()
    assert len(calls) == 2
    assert list(steps) == []


def test_the_batch_size_changes_nothing(blocks, model):
    one, many = (
        predict(blocks.ct, model(), blocks.lungs, keep=True, batch_size=size)
        for size in (1, 64)
    )
    np.testing.assert_allclose(one.probabilities, many.probabilities, atol=1e-6)
    np.testing.assert_array_equal(one.lesions.labels, many.lesions.labels)


def test_probabilities_are_kept_only_when_asked_for_and_explain_the_mask(blocks, model):
    assert predict(blocks.ct, model()).probabilities is None
    prediction = predict(blocks.ct, model(model.multi), keep=True, smallest_ml=0)
    assert prediction.probabilities.shape == (2, 20, 48, 112)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.min() >= 0
    assert prediction.probabilities.max() <= 1
    np.testing.assert_array_equal(
        classes_of(prediction.probabilities.swapaxes(0, 1), 0.5),
        prediction.lesions.labels,
    )


def test_a_model_that_needs_no_lungs_is_shown_the_whole_slice(blocks, model):
    whole = model(prepare=Prepare(size=128, crop="none", mean=(0, 0, 0), std=(1, 1, 1)))
    prediction = predict(blocks.ct, whole)
    assert prediction.lungs is None
    assert (prediction.lesions.labels[:, 10:12, 20:90] == 1).all()


def test_an_8_bit_scan_is_shown_without_a_window(blocks, model):
    grey = np.where(blocks.lesions.labels > 0, 200, 30).astype(np.float32)
    ct = replace(blocks.ct, hu=grey, is_hu=False)
    labels = predict(ct, model(), blocks.lungs).lesions.labels
    assert (labels[6:11, 27:33, 22:28] == 1).all()
    assert (labels[6:11, 16:22, 22:40] == 0).all()


def test_the_scan_stays_what_it_was(blocks, model):
    hu = blocks.ct.hu.copy()
    predict(blocks.ct, model(), keep=True)
    np.testing.assert_array_equal(blocks.ct.hu, hu)


def test_lungs_on_another_grid_are_refused(blocks, model):
    moved = Grid.from_spacing(blocks.ct.grid.shape, blocks.ct.grid.spacing_mm_zyx)
    with pytest.raises(GeometryError, match="does not lie on the CT"):
        predict(blocks.ct, model(), replace(blocks.lungs, grid=moved))


@pytest.mark.parametrize("crop", ["lungs", "none"])
def test_empty_lungs_are_refused_before_any_work(blocks, model, crop):
    empty = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    steps = predict_ct(
        blocks.ct, model(prepare=Prepare(crop=crop)), settings(), lungs=empty
    )
    with pytest.raises(InputRefusedError, match="the lung mask is empty; give one"):
        next(steps)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_no_number_is_refused(blocks, model, value):
    hu = blocks.ct.hu.copy()
    hu[3, 4, 5] = value
    with pytest.raises(InputRefusedError, match="holds values that are not finite"):
        predict(replace(blocks.ct, hu=hu), model())


def test_a_scan_without_lungs_is_refused(blocks, model):
    ct = replace(blocks.ct, hu=np.full_like(blocks.ct.hu, 40))
    with pytest.raises(InputRefusedError, match="no lungs were found"):
        predict(ct, model())


def test_a_device_that_is_not_there_is_told(blocks, model, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UsageError, match="there is no device 'cuda:7'"):
        predict(blocks.ct, model(), device="cuda:7")


def test_a_slice_is_taken_whole_and_answered_in_its_own_size(model):
    bright = model(model.multi)
    outline = make_slice_outliner(bright, settings())
    for height, width in ((153, 201), (64, 64), (300, 129)):
        grey = np.full((height, width), 20, np.uint8)
        grey[height // 4 : height // 2, width // 4 : width // 2] = 150
        grey[-height // 4 :, -width // 4 :] = 250
        answer = predict_image(SliceImage(grey, "a.png"), bright, outline, settings())
        assert answer.labels.shape == (height, width)
        assert answer.labels.dtype == np.uint8
        assert answer.probabilities.shape == (2, height, width)
        assert answer.labels[height * 3 // 8, width * 3 // 8] == 1
        assert answer.labels[-height // 8, -width // 8] == 2
        assert answer.labels[5, 5] == 0


def test_a_slice_follows_the_threshold(model):
    grey = np.full((64, 64), 102, np.uint8)  # shown as 0.4
    outline = make_slice_outliner(model(), settings())
    image = SliceImage(grey, "a.png")
    for threshold, expected in ((None, 0), (0.3, 1), (0.0, 1)):
        answer = predict_image(image, model(), outline, settings(threshold=threshold))
        assert (answer.labels == expected).all()


def test_a_picture_is_answered_as_its_slice_is(model):
    grey = np.full((64, 80), 20, np.uint8)
    grey[16:32, 20:40] = 150
    grid = Grid.from_spacing((1, 64, 80), (1.0, 1.0, 1.0))
    picture = CTVolume(grey[None].astype(np.float32), grid, is_hu=False)
    bright = model(model.multi)
    found = predict_picture(picture, bright, settings())
    outline = make_slice_outliner(bright, settings())
    answer = predict_image(SliceImage(grey, "a.png"), bright, outline, settings())
    np.testing.assert_array_equal(found.lesions.labels, answer.labels[None])
    np.testing.assert_array_equal(found.probabilities, answer.probabilities[:, None])
    assert found.lesions.labels[0, 24, 30] == 1
    assert found.lesions.grid is grid
    assert (found.lungs, found.device, found.notes) == (None, "cpu", ())


def test_a_model_without_a_network_cannot_judge_slices(baseline):
    with pytest.raises(
        InputRefusedError, match="hu-threshold needs a CT in Hounsfield"
    ):
        make_slice_outliner(baseline, settings())

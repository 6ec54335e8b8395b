from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import predict_ct
from covseg_core.inference.whatif import imagine
from covseg_core.labels import Tissue
from covseg_core.steps import result_of

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = PredictSettings(device="cpu", engine="torch", batch_size=4)
# What the network is shown: the lungs and, in the slice, 10 mm around.
BOX = np.s_[5:15, 12:40, 14:92]
TURNS = [
    ((0, 1, 2), (True, False, True)),
    ((2, 0, 1), (False, True, False)),
    ((1, 2, 0), (True, True, True)),
]


def look(ct, model, lungs=None):
    return result_of(imagine(ct, model, CPU, lungs))


def grey_to_hu(grey):
    return -1350 + 1400 * grey


@pytest.fixture
def seen(blocks, stichnet):
    return look(blocks.ct, stichnet, blocks.lungs)


@pytest.mark.parametrize(
    ("tissue", "grey"),
    [
        (Tissue.OUTSIDE, 0.99),
        (Tissue.GGO, 0.55),
        (Tissue.CONSOLIDATION, 0.9),
        (Tissue.HEALTHY, 0.35),
    ],
)
def test_a_style_fills_the_box_in_hu_and_leaves_the_scan_around_it(
    tissue, grey, seen, blocks
):
    style = seen.style(tissue)
    assert style.hu.dtype == np.float32
    assert style.source.is_synthetic
    assert not blocks.ct.source.is_synthetic
    np.testing.assert_allclose(style.hu[BOX], grey_to_hu(grey), atol=0.01)
    outside = np.ones(style.hu.shape, bool)
    outside[BOX] = False
    np.testing.assert_array_equal(style.hu[outside], blocks.ct.hu[outside])


def test_the_reconstruction_is_the_style_of_the_tissue_that_is_there(seen):
    found = seen.reconstruction.hu
    # The middle of healthy lung, opacity and consolidation.
    assert found[8, 19, 30] == pytest.approx(grey_to_hu(0.35), abs=0.01)
    assert found[8, 30, 25] == pytest.approx(grey_to_hu(0.55), abs=0.01)
    assert found[8, 30, 78] == pytest.approx(grey_to_hu(0.9), abs=0.01)


def test_tissues_and_lesions_are_labelled_on_the_scan(seen, blocks, stichnet):
    tissues = seen.tissue_map.labels
    assert tissues.dtype == np.uint8
    assert tissues[8, 19, 30] == Tissue.HEALTHY
    assert tissues[8, 30, 25] == Tissue.GGO
    assert tissues[8, 30, 78] == Tissue.CONSOLIDATION
    assert not tissues[:5].any()
    assert seen.lesion_probability[8, 30, 25] == pytest.approx(1)
    assert seen.lesion_probability[8, 19, 30] == pytest.approx(0)
    predicted = result_of(predict_ct(blocks.ct, stichnet, CPU, lungs=blocks.lungs))
    np.testing.assert_array_equal(seen.lesions.labels, predicted.lesions.labels)


@pytest.mark.parametrize(("order", "flips"), TURNS)
def test_images_lie_on_the_grid_of_the_scan_whatever_its_order(
    order, flips, seen, blocks, stored, stichnet
):
    ct, lungs = (stored(each, order, flips) for each in (blocks.ct, blocks.lungs))
    found = look(ct, stichnet, lungs)
    for name in ("reconstruction", "tissue_map"):
        truth = stored(getattr(seen, name), order, flips)
        image = getattr(found, name)
        field = "labels" if name == "tissue_map" else "hu"
        np.testing.assert_array_equal(getattr(image, field), getattr(truth, field))
        assert image.grid is ct.grid
    np.testing.assert_array_equal(
        found.style(Tissue.GGO).hu, stored(seen.style(Tissue.GGO), order, flips).hu
    )


def test_the_size_of_a_batch_changes_nothing(seen, blocks, stichnet):
    one = CPU.model_copy(update={"batch_size": 1})
    found = result_of(imagine(blocks.ct, stichnet, one, blocks.lungs))
    np.testing.assert_array_equal(found.images_hu, seen.images_hu)
    np.testing.assert_array_equal(found.tissues, seen.tissues)


def test_lesions_are_those_of_a_prediction_whatever_the_card_says(
    seen, blocks, stichnet
):
    """The temperature and the slices above and below leave what is imagined alone."""
    change = {
        "mirrored": True,
        "temperature": 3.0,
        "through_plane_mm": 6.0,
        "sure": 0.6,
        "threshold": 0.4,
    }
    changed = replace(stichnet, card=stichnet.card.model_copy(update=change))
    again = look(blocks.ct, changed, blocks.lungs)
    np.testing.assert_allclose(again.images_hu, seen.images_hu, atol=0.01)
    np.testing.assert_array_equal(again.tissues, seen.tissues)
    predicted = result_of(
        predict_ct(blocks.ct, changed, CPU, lungs=blocks.lungs, keep_probabilities=True)
    )
    np.testing.assert_array_equal(again.lesions.labels, predicted.lesions.labels)
    np.testing.assert_allclose(
        again.lesion_probability, predicted.probabilities.sum(axis=0), atol=1e-6
    )
    assert np.abs(again.probability - seen.probability).max() > 0.05


def test_progress_counts_the_slices_of_the_lungs_and_lungs_are_found(blocks, stichnet):
    reports = list(imagine(blocks.ct, stichnet, CPU))
    assert [(r.stage, r.done, r.total) for r in reports] == [
        ("Finding the lungs", 0, 0),
        ("Loading the network", 0, 0),
        ("Imagining", 4, 10),
        ("Imagining", 8, 10),
        ("Imagining", 10, 10),
    ]


def test_a_model_without_styles_is_refused(blocks, model):
    with pytest.raises(ModelRefusedError, match="architecture 'bright', which has no"):
        look(blocks.ct, model())


def test_a_scan_without_hounsfield_units_is_refused(blocks, stichnet):
    grey = replace(blocks.ct, hu=np.full(blocks.ct.grid.shape, 9, "f4"), is_hu=False)
    with pytest.raises(InputRefusedError, match="without Hounsfield units"):
        look(grey, stichnet)


def test_empty_lungs_are_refused(blocks, stichnet):
    empty = replace(blocks.lungs, labels=np.zeros_like(blocks.lungs.labels))
    with pytest.raises(InputRefusedError, match="lung mask is empty"):
        look(blocks.ct, stichnet, empty)

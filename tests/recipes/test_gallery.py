from __future__ import annotations

import io
import sys
from pathlib import Path

import gallery
import numpy as np
import pytest
from by_hand import case, make_results, write_results
from gallery import require_outside, worst_cases
from gallery_picture import draw_case, worst_slice
from PIL import Image

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.models import create_model
from covseg_core.registry.card import ModelCard
from covseg_core.registry.weights import save_model
from covseg_core.transforms.prepare import Prepare

ROOT = Path(__file__).parents[2]


def test_no_image_of_a_patient_may_lie_in_the_repository(tmp_path):
    for folder in (ROOT, ROOT / "docs" / "new", ROOT / "recipes" / ".." / "site"):
        with pytest.raises(UsageError, match="choose a folder elsewhere with -o"):
            require_outside(folder)
    require_outside(tmp_path)


def test_a_link_into_the_repository_is_seen_through(tmp_path):
    (tmp_path / "link").symlink_to(ROOT / "docs")
    with pytest.raises(UsageError, match="lies in the repository"):
        require_outside(tmp_path / "link" / "gallery")


def test_low_dice_comes_first_and_the_healthy_last():
    rows = [case(f"sick-{i}", 0, 0.1 * i) for i in range(9, 0, -1)]
    rows += [case(f"well-{i}", 0, None, false_ml=float(i)) for i in range(3)]
    chosen = [row["case"] for row in worst_cases(make_results(cases=rows), 8)]
    assert chosen == [*(f"sick-{i}" for i in range(1, 7)), "well-2", "well-1"]


def test_the_slice_with_most_wrong_voxels_is_shown_upright(blocks):
    truth = blocks.lesions.labels
    found = truth.copy()
    found[8, :, :60] = 0
    shown = worst_slice(blocks.ct, truth, found)
    assert shown.z == 8
    assert (shown.truth == 1).sum() == 100
    assert not (shown.found == 1).any()
    assert shown.aspect == 2.0


def test_a_picture_holds_the_slice_twice_with_its_outlines(blocks):
    truth = blocks.lesions.labels
    shown = worst_slice(blocks.ct, truth, np.zeros_like(truth))
    picture = Image.open(io.BytesIO(draw_case(shown))).convert("RGB")
    pixels = np.asarray(picture).astype(int)
    left, right = np.split(pixels, 2, axis=1)
    coloured = [int((np.ptp(half, axis=2) > 60).sum()) for half in (left, right)]
    assert coloured[0] > 200
    assert coloured[1] == 0


@pytest.fixture
def folds(covseg_home):
    """Two models of random weights; gives the hash of each."""
    weights = {}
    for fold in "01":
        network = create_model("unet", backbone="mobilenetv2_050")
        card = ModelCard(
            name=f"small-fold{fold}",
            summary="",
            architecture="unet",
            arguments={"backbone": "mobilenetv2_050"},
            label_set="infection",
            prepare=Prepare(size=32),
        )
        folder = covseg_home / "models" / card.name
        entry = save_model(folder, card, network.state_dict())
        weights[fold] = entry.card.weights_sha256
    return weights


def write_page(monkeypatch, store, results, folder):
    words = [
        "--store",
        store.root,
        "--model",
        "small",
        "--results",
        results,
        "-o",
        folder,
    ]
    monkeypatch.setattr(sys, "argv", ["gallery", *map(str, words)])
    gallery.main()


def test_a_page_shows_each_case_with_its_numbers(store, folds, tmp_path, monkeypatch):
    results = write_results(tmp_path, weights=folds)
    write_page(monkeypatch, store, results, tmp_path / "page")
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert page.count("<img") == 3
    assert "medseg-06, MedSeg: volumes, slice" in page
    assert "Dice 0.20, true 70.0 ml, found 60.0 ml" in page
    assert (tmp_path / "page" / "medseg-06.png").stat().st_size > 1000


def test_models_that_were_trained_again_are_refused(
    store, folds, tmp_path, monkeypatch
):
    results = write_results(tmp_path)
    with pytest.raises(ModelRefusedError, match="trained again after the results"):
        write_page(monkeypatch, store, results, tmp_path / "page")

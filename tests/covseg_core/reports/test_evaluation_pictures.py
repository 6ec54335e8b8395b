from __future__ import annotations

import numpy as np
import pytest

from covseg_core.io.images import write_mask_png
from covseg_core.metrics.config import EvaluateSettings
from covseg_core.metrics.evaluation import Model, evaluate_files
from covseg_core.metrics.pairs import match_files
from covseg_core.reports.evaluation_pictures import EvaluationPictures


@pytest.fixture
def folders(tmp_path):
    """One picture, predicted and true; probabilities only where a test adds them."""
    labels = np.zeros((12, 16), np.uint8)
    labels[2:6, 3:9], labels[6:9, 3:9] = 1, 2
    for name in ("pred", "ref"):
        (tmp_path / name).mkdir()
        write_mask_png(tmp_path / name / "a.png", labels)
    return tmp_path


def draw(folders, classes=(1, 2)):
    pairs = match_files(folders / "pred", folders / "ref")
    pictures = EvaluationPictures({}, classes)
    cases = []
    settings = EvaluateSettings()
    for evaluated in evaluate_files([Model(pairs, classes)], settings, {"a": "p"}):
        pictures.add(evaluated)
        cases += evaluated.cases[0]
    names = pictures.write(folders, cases, "standard")
    assert all((folders / name).stat().st_size > 1000 for name in names)
    return names


def test_masks_give_boxes_and_worst_slices(folders):
    assert draw(folders) == ["measures.png", "worst.png"]


@pytest.mark.parametrize("channels", [1, 2])
def test_probabilities_beside_masks_give_curves_too(folders, channels):
    maps = np.full((channels, 12, 16), 0.3, np.float32)
    np.save(folders / "pred" / "a.npy", maps)
    assert draw(folders) == ["measures.png", "worst.png", "thresholds.png"]


def test_a_reader_who_found_nothing_gives_no_curve(folders):
    write_mask_png(folders / "ref" / "a.png", np.zeros((12, 16), np.uint8))
    np.save(folders / "pred" / "a.npy", np.full((1, 12, 16), 0.3, np.float32))
    assert draw(folders, ()) == ["measures.png", "worst.png"]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.io.nifti import write_nifti_labels


@pytest.fixture
def corrected(covseg, filled, blocks, tmp_path):
    """A store in which a reader took the consolidation (20 ml) away."""
    labels = np.where(blocks.lesions.labels == 2, np.uint8(0), blocks.lesions.labels)
    write_nifti_labels(tmp_path / "new.nii.gz", replace(blocks.lesions, labels=labels))
    words = ["--mask", tmp_path / "new.nii.gz", "--source", "edited", "--parent", "1"]
    covseg("cases", "add", filled, "--case", "case-0001", *words)
    return filled


def test_the_newest_mask_is_compared_with_its_parent(covseg, corrected):
    found = covseg("cases", "diff", corrected, "case-0001", "--json").json
    assert (found["old"], found["new"]) == (1, 2)
    assert found["changed_voxels"] == found["lost_voxels"] == 200
    assert found["lost_ml"] == pytest.approx(20)
    assert found["gained_ml"] == 0
    assert found["old_ml"] == pytest.approx({"ggo": 50, "consolidation": 20})
    assert found["new_ml"] == pytest.approx({"ggo": 50, "consolidation": 0})
    assert found["dice"] == pytest.approx(2 * 50 / 120)


def test_two_masks_are_compared_in_the_given_order(covseg, corrected):
    found = covseg("cases", "diff", corrected, "case-0001", "2", "1")
    assert found.out.splitlines() == [
        "case-0001: mask 2 and mask 1",
        "  changed voxels           200",
        "  Dice                   0.833",
        "  gained                 20.00 ml",
        "  lost                    0.00 ml",
        "  ggo                    50.00 ml         50.00 ml",
        "  consolidation           0.00 ml         20.00 ml",
    ]


def test_a_picture_is_compared_in_voxels(covseg, store, picture, picture_mask):
    words = ["--ct", picture, "--mask", picture_mask, "--case", "slice"]
    for _ in range(2):
        covseg("cases", "add", store, *words)
    found = covseg("cases", "diff", store, "slice")
    assert found.code == 0
    assert "ml" not in found.out
    assert covseg("cases", "diff", store, "slice", "--json").json["old_ml"] is None


def test_one_number_is_not_enough(refused, corrected):
    assert "give the numbers of both masks" in refused(
        2, "cases", "diff", corrected, "case-0001", "1"
    )
    assert "has no mask 9" in refused(
        3, "cases", "diff", corrected, "case-0001", "1", "9"
    )

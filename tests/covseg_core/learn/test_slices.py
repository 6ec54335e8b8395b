from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from covseg_core.cases.freeze import freeze
from covseg_core.labels import INFECTION, UNKNOWN_CLASS, UNLABELLED, Tissue
from covseg_core.learn.slices import prepare_cases
from covseg_core.steps import result_of
from covseg_core.training.data import slices_of_volume, tissue_mask
from covseg_core.volume import CTVolume, Grid, LesionMask


def test_cases_are_prepared_as_prediction_prepares_them(store, plan, blocks, tmp_path):
    made = plan("first")
    cases = made.manifest.of_split("train")
    slices, ids = result_of(prepare_cases(store, cases, made, tmp_path / "s"))
    alone = slices_of_volume(blocks.ct, blocks.lesions, blocks.lungs, made.card.prepare)
    assert ids == ("train-0",) * len(alone) + ("train-1",) * len(alone)
    assert torch.equal(slices.pixels[: len(alone)], alone.pixels)
    assert torch.equal(slices.labels[: len(alone)], alone.labels)


def test_prepared_slices_are_opened_again_and_not_made_anew(store, plan, tmp_path):
    made = plan("first")
    cases = made.manifest.of_split("train")
    result_of(prepare_cases(store, cases, made, tmp_path / "s"))
    (store.root / "train-0" / "ct.nii.gz").unlink()
    assert len(list(prepare_cases(store, cases, made, tmp_path / "s"))) == 1


def test_a_mask_without_classes_is_of_unknown_class_to_a_network_for_two(
    store, plan, blocks, tmp_path
):
    labels = (blocks.lesions.labels > 0).astype(np.uint8)
    store.add_mask(
        "train-0", LesionMask(labels, blocks.ct.grid, INFECTION), source="edited"
    )
    made = plan("first")
    card = made.card.model_copy(update={"label_set": "lesions"})
    made = made.model_copy(update={"card": card})
    cases = made.manifest.of_split("train")[:1]
    slices, _ = result_of(prepare_cases(store, cases, made, tmp_path / "s"))
    assert set(slices.labels.unique().tolist()) == {0, UNKNOWN_CLASS}


def test_a_picture_is_shown_whole(store, plan, tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (1, 70, 90)).astype(np.float32)
    grid = Grid.from_spacing((1, 70, 90), (1.0, 1.0, 1.0))
    ct = CTVolume(grey, grid, is_hu=False)
    mask = np.zeros((1, 70, 90), np.uint8)
    mask[0, :35] = 1
    store.add_case(ct, case_id="picture", split="train")
    store.add_mask("picture", LesionMask(mask, grid), source="manual")
    store.set_state("picture", "done")
    made = plan("first")
    case = next(c for c in made.manifest.cases if c.case_id == "picture")
    slices, _ = result_of(prepare_cases(store, [case], made, tmp_path / "s"))
    assert slices.pixels.shape == (1, 1, 64, 64)
    assert (slices.labels[0] == 1).float().mean().item() == pytest.approx(0.5)
    assert slices.pixels.float().mean().item() == pytest.approx(
        grey.mean() / 255, abs=0.01
    )


def test_lungs_that_a_case_lacks_are_found(store, plan, chest, tmp_path):
    ct = replace(chest.ct)
    store.add_case(ct, case_id="bare", split="train")
    store.add_mask("bare", chest.lesions, source="manual")
    store.set_state("bare", "done")
    made = plan("first")
    case = next(c for c in made.manifest.cases if c.case_id == "bare")
    slices, _ = result_of(prepare_cases(store, [case], made, tmp_path / "s"))
    assert 0 < len(slices) < chest.ct.grid.shape[0]


def stichnet_plan(made):
    card = made.card.model_copy(update={"architecture": "stichnet"})
    return made.model_copy(update={"card": card})


def test_a_network_that_learns_tissues_is_told_healthy_lung_from_outside(
    store, plan, blocks, tmp_path
):
    made = stichnet_plan(plan("first"))
    cases = made.manifest.of_split("train")[:1]
    slices, _ = result_of(prepare_cases(store, cases, made, tmp_path / "s"))
    mask = tissue_mask(blocks.lesions, blocks.lungs, blocks.ct.grid)
    known = slices_of_volume(blocks.ct, mask, blocks.lungs, made.card.prepare)
    assert torch.equal(slices.labels, known.labels)
    assert set(slices.labels.unique().tolist()) >= {Tissue.OUTSIDE, Tissue.HEALTHY}


def test_scans_without_masks_are_prepared_as_unlabelled(store, plan, blocks, tmp_path):
    other = replace(blocks.ct, hu=blocks.ct.hu + 90)
    store.add_case(other, case_id="bare", split="train")
    manifest = freeze(store, unlabelled=True)
    made = stichnet_plan(plan("first")).model_copy(update={"manifest": manifest})
    slices, ids = result_of(
        prepare_cases(store, manifest.learnt_from, made, tmp_path / "s")
    )
    bare = torch.tensor([one == "bare" for one in ids])
    assert (slices.labels[bare] == UNLABELLED).all()
    assert not (slices.labels[~bare] == UNLABELLED).any()

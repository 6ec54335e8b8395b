from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.cases.contribute import MaskStory, contribute
from covseg_core.cases.store import CaseStore
from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.volume import Grid, Source


@pytest.fixture
def store(tmp_path):
    return CaseStore.create(tmp_path / "cases")


def test_new_scan_becomes_a_done_case_with_its_mask_and_lungs(store, blocks):
    gained = contribute(
        store,
        blocks.ct,
        blocks.lesions,
        MaskStory("edited", model="infnet-small", role="radiologist", seconds_spent=90),
        blocks.lungs,
    )
    assert gained.is_new_scan
    record = store.read("case-0001")
    assert (record.state, record.split) == ("done", "train")
    assert record.versions == (gained.version,)
    assert gained.version.source == "edited"
    assert (gained.version.role, gained.version.seconds_spent) == ("radiologist", 90)
    assert store.lungs("case-0001") is not None
    np.testing.assert_array_equal(store.mask("case-0001").labels, blocks.lesions.labels)
    assert gained.sentence == (
        "Saved as mask 1 (edited) of the new case case-0001, patient "
        f"{record.patient}, state done. Split train: the model learns from it."
    )


def test_known_scan_gets_another_version_even_in_another_voxel_order(
    store, blocks, stored
):
    contribute(store, blocks.ct, blocks.lesions, MaskStory("model"))
    assert store.read("case-0001").state == "new"
    turn = (2, 0, 1), (False, True, False)
    less = replace(blocks.lesions, labels=blocks.lesions.labels.copy())
    less.labels[8] = 0
    ct, mask = (stored(each, *turn) for each in (blocks.ct, less))
    gained = contribute(store, ct, mask, MaskStory("edited", parent=1))
    assert not gained.is_new_scan
    assert (gained.version.number, gained.version.parent) == (2, 1)
    assert "known case case-0001" in gained.sentence
    assert store.case_ids() == ("case-0001",)
    np.testing.assert_array_equal(store.mask("case-0001", 2).labels, less.labels)


def test_version_of_someone_else_meanwhile_is_told(store, blocks):
    contribute(store, blocks.ct, blocks.lesions, MaskStory("manual"))
    story = MaskStory("edited", parent=1)
    assert "Someone" not in contribute(store, blocks.ct, blocks.lesions, story).sentence
    gained = contribute(store, blocks.ct, blocks.lesions, story)
    assert gained.sentence.endswith(
        "Someone else saved mask 2 meanwhile; all are kept."
    )


def test_mask_that_was_saved_before_is_not_saved_again_but_done(store, blocks):
    contribute(store, blocks.ct, blocks.lesions, MaskStory("manual"))
    store.set_state("case-0001", "in progress")
    story = MaskStory("manual", parent=1)
    gained = contribute(store, blocks.ct, blocks.lesions, story)
    assert gained.version.number == 1
    assert gained.record.state == "done"
    assert len(store.read("case-0001").versions) == 1


def test_mask_of_a_model_is_kept_but_not_learnt_from(store, blocks):
    gained = contribute(store, blocks.ct, blocks.lesions, MaskStory("model"))
    assert gained.record.state == "new"
    assert "no model learns from it before someone has corrected it" in gained.sentence


def test_synthetic_scan_is_refused(store, blocks):
    made = replace(blocks.ct, source=Source(is_synthetic=True))
    with pytest.raises(InputRefusedError, match="this scan is synthetic"):
        contribute(store, made, blocks.lesions, MaskStory("manual"))
    assert store.case_ids() == ()


def test_mask_of_another_scan_leaves_no_case_behind(store, blocks):
    grid = Grid.from_spacing(blocks.ct.grid.shape, (1, 1, 1))
    elsewhere = replace(blocks.lesions, grid=grid)
    with pytest.raises(GeometryError, match="does not lie on the"):
        contribute(store, blocks.ct, elsewhere, MaskStory("manual"))
    assert store.case_ids() == ()

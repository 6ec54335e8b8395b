"""A network of random weights labels pictures, volumes and cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.cases.store import CaseStore
from covseg_core.errors import ModelRefusedError
from covseg_core.inference.predict import make_slice_outliner, predict_image
from covseg_core.io.images import read_slice
from covseg_core.io.nifti import write_nifti_ct
from covseg_core.learn.pseudo import Labeller
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.learn.unlabelled import find_unlabelled
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model
from covseg_core.steps import result_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def labeller(parent):
    """Make one: ``labeller(confidence=0.5)``, ``labeller(model="infnet-small")``."""

    def make(model=parent, name="", **change):
        settings = PseudoSettings(device="cpu", **change)
        return Labeller(load_model(find_model(model)), settings, name)

    return make


@pytest.fixture
def picture(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (40, 48), np.uint8)
    Image.fromarray(grey).save(tmp_path / "slice.png")
    return tmp_path / "slice.png"


def label(labeller, store, path, **choice):
    (scan,) = find_unlabelled([path])
    return result_of(labeller.label_scan(store, scan, **choice))


def test_a_picture_becomes_a_case_with_the_mask_that_predict_gives(
    store, picture, labeller
):
    made = labeller()
    answer = label(made, store, picture)
    assert (answer.scan, answer.result, answer.version) == ("slice", "labelled", 1)
    record = store.read(answer.case_id)
    assert (record.split, record.state, record.kind) == ("train", "new", "images")
    (version,) = record.versions
    assert (version.source, version.model) == ("model", "parent")
    assert version.model_sha256 == find_model("parent").card.weights_sha256
    assert version.confidence == answer.confidence
    assert 0 < version.confidence < 1

    model, settings = made.model, made.settings
    outline = make_slice_outliner(model, settings)
    expected = predict_image(read_slice(picture), model, outline, settings)
    stored = store.mask(answer.case_id)
    assert np.array_equal(stored.labels[0], expected.labels)
    assert stored.label_set.name == "infection"


def test_a_volume_is_labelled_by_a_network_for_two_classes(store, chest, labeller):
    write_nifti_ct(store.root.parent / "chest.nii.gz", chest.ct)
    path = store.root.parent / "chest.nii.gz"
    answer = label(labeller("hu-threshold"), store, path)
    assert answer.result == "labelled"
    assert answer.confidence == 1.0
    stored = store.mask(answer.case_id)
    assert stored.label_set.name == "lesions"
    assert {1, 2} <= set(np.unique(stored.labels))
    assert store.read(answer.case_id).versions[0].model_sha256 is None
    again = label(labeller("hu-threshold"), store, path)
    assert (again.result, again.version) == ("known", 1)


def test_the_same_weights_label_a_scan_once_and_others_add_a_mask(
    store, picture, labeller
):
    first = label(labeller(), store, picture)
    again = label(labeller(threshold=0.1), store, picture)
    assert (again.result, again.case_id) == ("known", first.case_id)
    (scan,) = (one for one in find_unlabelled([store.root]))
    assert result_of(labeller().label_scan(store, scan)).result == "known"
    other = label(labeller("infnet-small"), store, picture)
    assert (other.result, other.version) == ("labelled", 2)
    named = labeller(name="other, round 1")
    assert result_of(named.label_case(store, first.case_id)).version == 3
    assert result_of(named.label_case(store, first.case_id)).result == "known"
    models = [version.model for version in store.read(first.case_id).versions]
    assert models == ["parent", "infnet-small", "other, round 1"]


def test_a_scan_below_the_least_confidence_is_not_stored(store, picture, labeller):
    before = store.case_ids()
    unsure = label(labeller(confidence=0.99), store, picture)
    assert (unsure.result, unsure.case_id) == ("unsure", None)
    assert unsure.reason == "less sure than 0.99"
    assert store.case_ids() == before
    sure = label(labeller(confidence=unsure.confidence), store, picture)
    assert sure.result == "labelled"


def test_a_case_that_judges_models_or_has_a_readers_mask_is_left_alone(
    store, blocks, labeller, tmp_path
):
    reasons = {}
    for name in ("train-0", "validation-2", "held-out-3"):
        path = tmp_path / f"{name}.nii.gz"
        write_nifti_ct(path, store.ct(name))
        answer = label(labeller(), store, path)
        assert answer.result == "skipped"
        reasons[name] = answer.reason
        assert len(store.read(name).versions) == 1
    assert reasons["train-0"] == "a reader has outlined it, as train-0"
    assert "in the split validation, which judges" in reasons["validation-2"]
    assert "in the split held-out, which judges" in reasons["held-out-3"]


def test_a_new_scan_of_a_patient_who_judges_models_is_left_alone(
    store, picture, labeller
):
    other = find_unlabelled([picture])[0].ct()
    other = replace(other, hu=np.zeros(other.grid.shape, np.float32))
    store.add_case(other, patient="4711", split="held-out")
    answer = label(labeller(), store, picture, patient="4711")
    assert answer.result == "skipped"
    assert answer.reason == "its patient is in the split held-out, which judges models"


def test_a_scan_of_another_store_keeps_patient_licence_and_lungs(
    store, blocks, labeller, tmp_path
):
    other = CaseStore.create(tmp_path / "other")
    for number in (7, 8):
        ct = replace(blocks.ct, hu=blocks.ct.hu + number)
        facts = {"patient": "A", "collection": "c", "licence": "CC0"}
        other.add_case(ct, lungs=blocks.lungs, split="train", **facts)
    made = [
        result_of(labeller().label_scan(store, scan))
        for scan in find_unlabelled([other.root])
    ]
    records = [store.read(answer.case_id) for answer in made]
    assert len({record.patient for record in records}) == 1
    assert {(one.collection, one.licence) for one in records} == {("c", "CC0")}
    assert np.array_equal(store.lungs(made[0].case_id).labels, blocks.lungs.labels)


def test_a_scan_that_cannot_be_read_is_refused_in_words(store, labeller, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    answer = label(labeller(), store, broken)
    assert answer.result == "refused"
    assert "broken.png is not a readable" in answer.reason


def test_a_scan_that_was_stopped_before_its_mask_gets_it_next_time(
    store, picture, labeller, monkeypatch
):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CaseStore, "add_mask", stop)
        with pytest.raises(KeyboardInterrupt):
            label(labeller(), store, picture)
    answer = label(labeller(), store, picture)
    assert (answer.result, answer.version) == ("labelled", 1)
    assert store.case_ids().count(answer.case_id) == 1


def test_a_model_that_finds_no_infection_labels_nothing(labeller):
    with pytest.raises(ModelRefusedError, match="'lungs-small' finds lungs; a pseudo"):
        labeller("lungs-small")

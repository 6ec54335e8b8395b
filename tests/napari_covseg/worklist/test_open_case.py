from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.errors import InputRefusedError
from covseg_core.registry.promotion import promote
from covseg_core.steps import result_of
from napari_covseg._convert import mask_from_layer
from napari_covseg._worklist.open_case import CaseWish, open_case, read_version


@pytest.fixture
def store(tmp_path):
    return CaseStore.create(tmp_path / "cases")


def test_layers_show_scan_and_mask_where_they_lie(store, turned):
    ct, lesions = turned
    store.add_case(ct, case_id="a")
    store.add_mask("a", lesions, source="model", model="some", confidence=0.7)
    ready = result_of(open_case(CaseWish(store.root, "a")))
    data, arguments, kind = ready.mask
    assert kind == "labels"
    assert arguments["name"] == "a mask 1"
    found = mask_from_layer(data, arguments["metadata"])
    assert found.grid.matches(lesions.grid)
    np.testing.assert_array_equal(found.labels, lesions.labels)
    assert ready.scan[0].shape == data.shape
    assert (ready.origin.kind, ready.origin.model) == ("model", "some")
    assert ready.confidence == 0.7


def test_lungs_are_turned_as_the_layers_are(store, phantom):
    store.add_case(phantom.ct, case_id="a", lungs=phantom.lungs)
    store.add_mask("a", phantom.lesions, source="manual")
    ready = result_of(open_case(CaseWish(store.root, "a")))
    assert ready.lungs.labels.shape == ready.scan[0].shape


def test_a_case_without_mask_is_outlined_by_the_promoted_model(store, phantom):
    promote("hu-threshold")
    store.add_case(phantom.ct, case_id="a", lungs=phantom.lungs)
    ready = result_of(open_case(CaseWish(store.root, "a")))
    opacity = ready.mask[0][phantom.lesions.labels == 1]
    assert np.mean(opacity == 1) > 0.9
    assert (ready.origin.kind, ready.origin.model) == ("model", "hu-threshold")
    assert ready.version is None
    assert ready.mask[1]["name"] == "a new mask"
    assert store.read("a").versions == ()


def test_a_model_that_refuses_leaves_an_empty_mask_and_says_why(
    store, phantom, monkeypatch
):
    def refuse(*_):
        raise InputRefusedError("no lungs were found.")
        yield

    monkeypatch.setattr("napari_covseg._worklist.open_case.in_child", refuse)
    store.add_case(phantom.ct, case_id="a")
    ready = result_of(open_case(CaseWish(store.root, "a")))
    assert not ready.mask[0].any()
    assert ready.origin is None
    assert ready.note.endswith("its mask is empty: no lungs were found.")


def test_another_version_is_read_without_its_scan(store, phantom):
    store.add_case(phantom.ct, case_id="a")
    for source in ("model", "edited"):
        store.add_mask("a", phantom.lesions, source=source)
    version, (data, arguments, _) = result_of(
        read_version(CaseWish(store.root, "a", 1))
    )
    assert version.number == 1
    assert arguments["name"] == "a mask 1"
    np.testing.assert_array_equal(data, phantom.lesions.labels)

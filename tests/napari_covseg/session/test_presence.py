from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from covseg_core.cases.store import CaseStore
from napari_covseg._convert import blank_mask_layer, ct_layer
from napari_covseg._session.known import OpenCase
from napari_covseg._session.presence import Presence
from napari_covseg._session.session import Session


@pytest.fixture
def clock(monkeypatch):
    """Tell the time: ``clock.now = 12``."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr("napari_covseg._session.presence.time", made)
    return made


@pytest.fixture
def session(qapp, phantom) -> Session:
    session = Session(ViewerModel())
    for name in ("a", "b"):
        data, arguments, _ = ct_layer(phantom.ct, name)
        session.viewer.add_image(data, **arguments)
    return session


@pytest.fixture
def presence(session, clock, tmp_path):
    """The clock of two cases, a in front."""
    made = Presence(session)
    store = CaseStore.create(tmp_path / "cases")
    for name in ("b", "a"):
        session.choose_scan(session.viewer.layers[name])
        session.set_case(OpenCase(store, name))
    return made


def test_moving_through_slices_is_a_sign_of_a_reader(presence, session, clock):
    clock.now = 50
    session.viewer.dims.set_current_step(0, 3)
    clock.now = 1000
    assert presence.seconds == 50 + 60


def test_a_correction_is_a_sign_of_a_reader(presence, session, clock, phantom):
    from covseg_core.labels import INFECTION

    data, arguments, _ = blank_mask_layer(session.scan.metadata, INFECTION, "mask")
    mask = session.edit(session.viewer.add_labels(data, **arguments))
    clock.now = 40
    mask.apply("Fill", np.ones_like(mask.labels))
    clock.now = 70
    assert presence.seconds == 70


def test_each_case_has_its_own_time(presence, session, clock):
    clock.now = 20
    session.choose_scan(session.viewer.layers["b"])
    clock.now = 30
    assert presence.seconds == 10
    session.choose_scan(session.viewer.layers["a"])
    assert presence.seconds == 20


def test_time_that_was_saved_is_not_counted_again(presence, clock):
    clock.now = 20
    presence.begin_anew()
    clock.now = 25
    assert presence.seconds == 5


def test_without_a_case_no_time_counts(presence, session, clock):
    session.choose_scan(None)
    clock.now = 100
    presence.touch()
    assert presence.seconds == 0

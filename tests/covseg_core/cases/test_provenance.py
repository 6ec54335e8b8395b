from __future__ import annotations

import pytest

from covseg_core.cases.provenance import source_of


@pytest.mark.parametrize("origin", ["manual", "edited", "model"])
def test_a_mask_that_was_changed_is_edited_whatever_it_was(origin):
    assert source_of(origin, changed=True) == "edited"


@pytest.mark.parametrize("origin", ["manual", "edited", "model"])
def test_a_mask_that_nobody_changed_stays_what_it_was(origin):
    assert source_of(origin, changed=False) == origin

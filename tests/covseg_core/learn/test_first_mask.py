from __future__ import annotations

import numpy as np
import pytest

from covseg_core.cases.store import CaseStore
from covseg_core.errors import InputRefusedError
from covseg_core.learn.first_mask import outline_case
from covseg_core.registry.store import find_model
from covseg_core.steps import result_of


@pytest.fixture
def unread(tmp_path, blocks):
    """A store with one case, which nobody has outlined."""
    store = CaseStore.create(tmp_path / "unread")
    store.add_case(blocks.ct, case_id="new", lungs=blocks.lungs)
    return store


def test_the_mask_is_predicted_and_not_stored(unread, blocks):
    outlined = result_of(outline_case(unread.root, "new", find_model("hu-threshold")))
    outlined.lesions.require_on(blocks.ct)
    opacity = outlined.lesions.labels[blocks.lesions.labels == 1]
    assert np.mean(opacity == 1) > 0.9
    assert 0 <= outlined.confidence <= 1
    assert unread.read("new").versions == ()


def test_a_case_that_is_not_there_is_refused(unread):
    with pytest.raises(InputRefusedError, match="there is no case 'gone'"):
        result_of(outline_case(unread.root, "gone", find_model("hu-threshold")))

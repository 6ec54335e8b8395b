from __future__ import annotations

import pytest

from covseg_core.io.dicom import sr_codes as module
from covseg_core.io.dicom.sr_codes import SITES, VOLUME, definition_of, private

OURS = [private(value) for value in module._BY_VALUE]


def test_our_codes_fit_into_their_elements():
    assert len(OURS) == len(module._CONCEPTS)
    for code in OURS:
        assert code.scheme.startswith("99")
        assert len(code.value) <= 16
        assert len(code.meaning) <= 64
        assert definition_of(code).endswith(".")


def test_meanings_are_told_apart():
    assert len({code.meaning for code in OURS}) == len(OURS)


def test_a_public_code_needs_no_definition():
    assert definition_of(VOLUME) == ""


def test_there_is_no_code_that_is_not_in_the_table():
    with pytest.raises(KeyError, match="CO_RADS"):
        private("CO_RADS")


def test_each_lobe_has_its_own_place():
    assert len(set(SITES.values())) == 5

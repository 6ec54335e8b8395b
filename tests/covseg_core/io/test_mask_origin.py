from __future__ import annotations

from dataclasses import replace

import pytest

from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.io.terminology import ARTIFICIAL_INTELLIGENCE, MORPHOLOGY
from covseg_core.volume import Source


@pytest.mark.parametrize(
    ("found_by", "family"),
    [("lungs-small", ARTIFICIAL_INTELLIGENCE), ("hu-threshold", MORPHOLOGY)],
)
def test_lungs_that_were_found_are_of_the_model_that_did(blocks, found_by, family):
    source = Source(outlined_by=found_by)
    origin = MaskOrigin.of_lungs(replace(blocks.lungs, source=source))
    assert (origin.algorithm_type, origin.model) == ("AUTOMATIC", found_by)
    assert origin.family == family


def test_lungs_of_a_file_may_have_been_drawn_by_anybody(blocks):
    origin = MaskOrigin.of_lungs(replace(blocks.lungs, source=Source("nifti")))
    assert (origin.algorithm_type, origin.model) == ("SEMIAUTOMATIC", "")

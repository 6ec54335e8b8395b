from __future__ import annotations

from dataclasses import replace

import pytest
from highdicom.sr import (
    MeasurementsAndQualitativeEvaluations,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)

from covseg_core.errors import UsageError
from covseg_core.io.dicom.measurements import Measurement, MeasurementGroup
from covseg_core.io.dicom.seg_reference import SegReference
from covseg_core.io.dicom.sr_codes import LUNG, MILLILITRE, RIGHT, VOLUME
from covseg_core.io.dicom.sr_groups import make_group
from covseg_core.io.terminology import CONCEPTS

GROUP = MeasurementGroup(
    "Right lung",
    CONCEPTS["ggo"].kind,
    LUNG,
    RIGHT,
    measurements=(Measurement(VOLUME, 2.5, MILLILITRE),),
)
SEG = SegReference("1.2.840.10008.5.1.4.1.1.66.4", "1.2.3", "1.2.4", {1: "x"})


def test_a_group_of_a_segment_is_a_volume_of_interest():
    made = make_group(replace(GROUP, segment=1), SEG, "1.2.5")
    assert isinstance(made, VolumetricROIMeasurementsAndQualitativeEvaluations)
    assert made.referenced_segment.referenced_sop_instance_uid == "1.2.3"
    assert made.referenced_segment.source_series_for_segmentation.value == "1.2.5"


def test_a_group_without_a_segment_is_of_the_image():
    made = make_group(GROUP, None, "1.2.5")
    assert isinstance(made, MeasurementsAndQualitativeEvaluations)
    (site,) = made.finding_sites
    assert (site.value.value, site.laterality.value) == (LUNG.value, RIGHT.value)
    assert made.get_measurements()[0].value == 2.5


def test_groups_are_told_apart_by_uid():
    assert make_group(GROUP, None, "1").tracking_uid != (
        make_group(GROUP, None, "1").tracking_uid
    )


def test_a_segment_of_no_segmentation_is_refused():
    with pytest.raises(UsageError, match="no segmentation was given"):
        make_group(replace(GROUP, segment=1), None, "1.2.5")

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.seg_reference import refer_to_seg
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.volume import LesionMask


@pytest.mark.parametrize(
    ("kind", "background"), [("BINARY", {}), ("LABELMAP", {0: "Background"})]
)
def test_segments_are_known_by_number_and_label(scan, tmp_path, kind, background):
    ct, path = scan(), tmp_path / "seg.dcm"
    mask = LesionMask(np.ones(ct.grid.shape, np.uint8), ct.grid)
    write_dicom_seg(path, ct, [TracedMask(mask, MaskOrigin("manual"))], kind=kind)
    found, seg = refer_to_seg(path), dcmread(path)
    assert found.labels == background | {1: "Ground-glass opacity", 2: "Consolidation"}
    assert found.numbers == tuple(found.labels)
    assert (found.sop_class, found.sop_instance, found.series_uid) == (
        seg.SOPClassUID,
        seg.SOPInstanceUID,
        seg.SeriesInstanceUID,
    )


def test_what_is_no_dicom_is_refused(tmp_path):
    (tmp_path / "seg.dcm").write_text("no segmentation " * 20)
    with pytest.raises(InputRefusedError, match=r"seg\.dcm is not a readable DICOM"):
        refer_to_seg(tmp_path / "seg.dcm")

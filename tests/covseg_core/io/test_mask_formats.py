from __future__ import annotations

import pytest

from covseg_core.errors import UsageError
from covseg_core.io.mask_formats import FORMATS, stem_of
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.volume import Source


@pytest.mark.parametrize("name", ["nifti", "nrrd"])
def test_a_scan_of_any_kind_can_be_saved_for_research(blocks, tmp_path, name):
    chosen = FORMATS[name]
    chosen.require_for(blocks.ct.source)
    path = tmp_path / f"mask{chosen.suffix}"
    chosen.write(path, blocks.ct, [TracedMask(blocks.lesions, MaskOrigin("manual"))])
    assert path.stat().st_size > 100
    assert chosen.takes(path)


@pytest.mark.parametrize("name", ["dicom-seg", "dicom-seg-labelmap", "rtstruct"])
def test_a_dicom_mask_needs_a_dicom_scan(blocks, tmp_path, name):
    with pytest.raises(UsageError, match=r"not read from DICOM.*Save NIfTI or NRRD"):
        FORMATS[name].require_for(blocks.ct.source)
    masks = [TracedMask(blocks.lungs, MaskOrigin("model", "hu-threshold"))]
    with pytest.raises(UsageError, match="was not read from DICOM"):
        FORMATS[name].write(tmp_path / "mask.dcm", blocks.ct, masks)
    assert not list(tmp_path.iterdir())


def test_nifti_and_a_label_map_hold_one_mask(blocks):
    FORMATS["nrrd"].require_for(blocks.ct.source, masks=2)
    with pytest.raises(UsageError, match="a NIfTI file holds one mask, not 2"):
        FORMATS["nifti"].require_for(blocks.ct.source, masks=2)
    dicom = Source("dicom", ("slice.dcm",))
    FORMATS["dicom-seg"].require_for(dicom, masks=2)
    with pytest.raises(UsageError, match="a DICOM label map file holds one mask"):
        FORMATS["dicom-seg-labelmap"].require_for(dicom, masks=2)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.b.NII.gz", "a.b"),
        ("mask.seg.nrrd", "mask"),
        ("scan.nii", "scan"),
        ("IM1.dcm", "IM1"),
        ("folder", "folder"),
    ],
)
def test_a_stem_has_no_suffix_of_ours(name, stem):
    assert stem_of(name) == stem

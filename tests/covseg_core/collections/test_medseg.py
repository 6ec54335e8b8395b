"""Both collections of MedSeg: slices in one file, and whole scans."""

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError
from covseg_core.volume import Grid


@pytest.fixture
def slices(put, lesion_labels, lung_labels):
    """Four slices with masks, one of them with effusion, and four without."""
    lesion_labels[0, 0, :5] = 3
    put.ct("tr_im.nii.gz", 1)
    put.labels("tr_mask.nii.gz", lesion_labels)
    # The published lungs need not say 1 for the right one.
    put.labels("tr_lungmasks_updated.nii.gz", (3 - lung_labels) * (lung_labels > 0))
    put.ct("val_im.nii.gz", 2)
    return put.root


def test_each_slice_is_a_case(slices, read):
    cases = read("medseg-slices", slices)
    numbers = [f"{part}-{n:03d}" for part in ("tr", "val") for n in range(1, 5)]
    assert list(cases) == [f"medseg-slice-{number}" for number in numbers]
    assert len({case.patient for case in cases.values()}) == 8
    assert all(case.split is None for case in cases.values())
    assert cases["medseg-slice-val-001"].lesions is None


def test_slices_keep_their_hu_and_lose_their_voxel_size(slices, read, make_ct):
    ct = read("medseg-slices", slices)["medseg-slice-tr-003"].ct
    assert np.array_equal(ct.hu, make_ct(1).hu[2:3])
    assert (ct.is_hu, ct.source.kind) == (True, "images")
    assert ct.grid.spacing_mm_zyx == (1.0, 1.0, 1.0)


def test_effusion_is_background_and_said(slices, read, lesion_labels):
    case = read("medseg-slices", slices)["medseg-slice-tr-001"]
    assert not case.lesions.labels.any()
    assert "pleural effusion is background" in case.note
    third = read("medseg-slices", slices)["medseg-slice-tr-003"].lesions
    assert np.array_equal(third.labels[0], lesion_labels[2])


def test_sides_of_slices_come_from_where_the_lungs_lie(slices, read, lung_labels):
    lungs = read("medseg-slices", slices)["medseg-slice-tr-002"].lungs
    assert np.array_equal(lungs.labels[0], lung_labels[1])


def test_slices_stored_upside_down_come_out_upright(put, read, make_ct, lesion_labels):
    affine = np.diag([-0.7, -0.7, 6.0, 1.0])
    grid = Grid(lesion_labels.shape, affine)
    put.ct("tr_im.nii.gz", 1, grid=grid)
    put.labels("tr_mask.nii.gz", lesion_labels, grid)
    case = read("medseg-slices", put.root)["medseg-slice-tr-002"]
    assert np.array_equal(case.ct.hu[0], make_ct(1).hu[1, ::-1, ::-1])
    assert np.array_equal(case.lesions.labels[0], lesion_labels[1, ::-1, ::-1])


def test_a_table_tells_whose_slices_they_are(slices, read):
    table = "name,patient\ntr-001,A\ntr-002,A\ntr-003,B\n"
    (slices / "patients.csv").write_text(table)
    cases = list(read("medseg-slices", slices).values())
    assert [case.patient for case in cases[:3]] == ["A", "A", "B"]
    assert cases[3].patient == "medseg-slice-tr-004"


def test_a_table_that_names_no_slice_is_refused(slices, read):
    (slices / "patients.csv").write_text("name,patient\ntr-001,A\ntr-2,A\n")
    with pytest.raises(InputRefusedError, match=r"name no image, line 3 first"):
        read("medseg-slices", slices)


def test_slices_without_masks_are_refused(put, read):
    put.ct("tr_im.nii.gz")
    with pytest.raises(InputRefusedError, match=r"tr_mask\.nii\.gz is missing"):
        read("medseg-slices", put.root)


def test_masks_of_other_slices_are_refused(slices, read, put, lesion_labels):
    put.labels(
        "tr_mask.nii.gz",
        lesion_labels[:3],
        Grid.from_spacing((3, 20, 24), (6.0, 0.7, 0.7), (-8.0, -7.0, 3.0)),
    )
    with pytest.raises(GeometryError, match="does not lie on"):
        read("medseg-slices", slices)


@pytest.fixture
def volumes(put, lesion_labels, lung_labels):
    """Three scans: with all masks, with one mask, with none."""
    for number in (1, 2, 10):
        put.ct(f"rp_im/{number}.nii.gz", number)
    lesion_labels[0, 0, :5] = 3
    put.labels("rp_msk/1.nii.gz", lesion_labels)
    put.labels("rp_lung_msk/1.nii.gz", (3 - lung_labels) * (lung_labels > 0))
    put.labels("rp_msk/2.nii.gz", lesion_labels)
    return put.root


def test_whole_scans_come_with_the_masks_that_they_have(
    volumes, read, lesion_labels, lung_labels
):
    cases = read("medseg-volumes", volumes)
    assert list(cases) == [f"medseg-volume-{n}" for n in (1, 2, 10)]
    first = cases["medseg-volume-1"]
    assert np.array_equal(first.lesions.labels, lesion_labels % 3)
    assert np.array_equal(first.lungs.labels, lung_labels)
    assert first.ct.is_hu
    assert cases["medseg-volume-2"].lungs is None
    assert cases["medseg-volume-10"].lesions is None
    assert len({case.patient for case in cases.values()}) == 3


def test_a_mask_of_no_scan_is_refused(volumes, read):
    (volumes / "rp_im" / "2.nii.gz").unlink()
    with pytest.raises(InputRefusedError, match=r"1 masks have no image, 2\.nii\.gz"):
        read("medseg-volumes", volumes)

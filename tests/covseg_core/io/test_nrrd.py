"""What is written as NRRD lies where it was drawn, says another reader."""

from __future__ import annotations

import nrrd
import numpy as np
import pytest

from covseg_core.errors import GeometryError, UsageError
from covseg_core.io.nrrd import write_seg_nrrd
from covseg_core.labels import INFECTION, UNKNOWN_CLASS
from covseg_core.volume import Grid, LesionMask, LungMask

SHAPE = (4, 6, 8)
AXES = np.array([[0.96, -0.224, 0.168], [0.28, 0.768, -0.576], [0.0, 0.6, 0.8]])


@pytest.fixture
def lesions() -> LesionMask:
    affine = np.eye(4)
    affine[:3, :3] = AXES * (0.7, 0.8, 2.0)
    affine[:3, 3] = 11.5, -20.25, 1 / 3
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:3, 2, 3:6] = 1
    labels[3, 5, 7] = 2
    return LesionMask(labels, Grid(SHAPE, affine))


@pytest.fixture
def lungs(lesions) -> LungMask:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :4] = 1
    labels[:, 1:, 4:] = 2
    return LungMask(labels, lesions.grid)


def read(path):
    return nrrd.read(str(path))


def test_every_voxel_comes_back_at_its_place(lesions, tmp_path):
    write_seg_nrrd(tmp_path / "mask.seg.nrrd", [lesions])
    voxels, header = read(tmp_path / "mask.seg.nrrd")
    assert np.array_equal(voxels, lesions.labels.T)
    assert voxels.dtype == np.uint8
    assert header["space"] == "left-posterior-superior"
    assert np.array_equal(header["space directions"].T, lesions.grid.affine_lps[:3, :3])
    assert np.array_equal(header["space origin"], lesions.grid.affine_lps[:3, 3])
    x, y, z = (int(axis[0]) for axis in np.nonzero(voxels == 2))
    place = header["space origin"] + (x, y, z) @ header["space directions"]
    assert place == pytest.approx(lesions.grid.world_mm((3, 5, 7)), abs=1e-12)


def test_segments_have_names_values_colours_and_codes(lesions, tmp_path):
    write_seg_nrrd(tmp_path / "mask.seg.nrrd", [lesions])
    _, header = read(tmp_path / "mask.seg.nrrd")
    assert header["Segment0_Name"] == "Ground-glass opacity"
    assert header["Segment0_LabelValue"] == "1"
    assert header["Segment0_Layer"] == "0"
    assert header["Segment0_Extent"] == "3 5 2 2 1 2"
    assert header["Segment0_Color"] == "0.902 0.624 0.000"
    assert "~DCM^112120^Ground glass opacity~" in header["Segment0_Tags"]
    assert header["Segment1_Name"] == "Consolidation"
    assert header["Segment1_Extent"] == "7 7 5 5 3 3"
    assert "Segment2_Name" not in header
    assert header["Segmentation_MasterRepresentation"] == "Binary labelmap"


def test_infection_and_lungs_are_layers_that_may_overlap(lesions, lungs, tmp_path):
    write_seg_nrrd(tmp_path / "both.seg.nrrd", [lesions, lungs])
    voxels, header = read(tmp_path / "both.seg.nrrd")
    assert header["kinds"] == ["list", "domain", "domain", "domain"]
    assert np.array_equal(voxels[0], lesions.labels.T)
    assert np.array_equal(voxels[1], lungs.labels.T)
    assert np.isnan(header["space directions"][0]).all()
    assert header["Segment2_Name"] == "Right lung"
    assert header["Segment2_Layer"] == header["Segment3_Layer"] == "1"
    assert "~SCT^39607008^Lung~SCT^7771000^Left~" in header["Segment3_Tags"]


def test_masks_in_other_orders_of_their_voxels_are_brought_into_line(
    lesions, lungs, stored, tmp_path
):
    turned = stored(lungs, (2, 0, 1), (True, False, True))
    write_seg_nrrd(tmp_path / "one.seg.nrrd", [lesions, lungs])
    write_seg_nrrd(tmp_path / "two.seg.nrrd", [lesions, turned])
    assert np.array_equal(
        read(tmp_path / "one.seg.nrrd")[0], read(tmp_path / "two.seg.nrrd")[0]
    )


def test_an_empty_class_has_an_extent_without_voxels(lesions, tmp_path):
    nothing = LesionMask(np.zeros(SHAPE, np.uint8), lesions.grid, INFECTION)
    write_seg_nrrd(tmp_path / "mask.seg.nrrd", [nothing])
    voxels, header = read(tmp_path / "mask.seg.nrrd")
    assert not voxels.any()
    assert header["Segment0_Extent"] == "0 -1 0 -1 0 -1"
    assert "SCT^840539006^COVID-19" in header["Segment0_Tags"]


def test_infection_of_unknown_class_is_a_segment_of_its_own(lesions, tmp_path):
    lesions.labels[0, 0, 0] = UNKNOWN_CLASS
    write_seg_nrrd(tmp_path / "mask.seg.nrrd", [lesions])
    _, header = read(tmp_path / "mask.seg.nrrd")
    assert header["Segment2_Name"] == "Infection, class unknown"
    assert header["Segment2_LabelValue"] == "255"


def test_equal_masks_make_equal_files(lesions, tmp_path):
    write_seg_nrrd(tmp_path / "a.seg.nrrd", [lesions])
    write_seg_nrrd(tmp_path / "b.seg.nrrd", [lesions])
    assert (tmp_path / "a.seg.nrrd").read_bytes() == (
        tmp_path / "b.seg.nrrd"
    ).read_bytes()


def test_another_suffix_is_refused(lesions, tmp_path):
    with pytest.raises(UsageError, match=r"mask\.nrrd must end in \.seg\.nrrd"):
        write_seg_nrrd(tmp_path / "mask.nrrd", [lesions])


def test_masks_of_two_scans_are_refused(lesions, lungs, tmp_path):
    other = LungMask(lungs.labels, Grid.from_spacing(SHAPE, (1, 1, 1)))
    with pytest.raises(GeometryError, match="drawn on this scan"):
        write_seg_nrrd(tmp_path / "mask.seg.nrrd", [lesions, other])
    assert not list(tmp_path.iterdir())

"""Both collections of one's own files: scans as NIfTI, and pictures."""

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.collections import ReadOptions, find_collection
from covseg_core.errors import InputRefusedError


@pytest.fixture
def read_all():
    def call(name, folder, **options):
        return list(find_collection(name).read(folder, ReadOptions(**options)))

    return call


@pytest.fixture
def pairs(put, lesion_labels, lung_labels):
    """Scans a and b of one patient and c of another; b has no mask."""
    for seed, name in enumerate("abc"):
        put.ct(f"images/{name}.nii.gz", seed)
    lesion_labels[3, 0, 0] = 255
    put.labels("labels/a.nii.gz", lesion_labels)
    put.labels("labels/c.nii.gz", lesion_labels)
    put.labels("lungs/a.nii.gz", (3 - lung_labels) * (lung_labels > 0))
    (put.root / "patients.csv").write_text("name,patient\na.nii.gz,Doe\nb,Doe\nc,Roe\n")
    return put.root


def test_scans_are_matched_with_masks_by_name(
    pairs, read_all, lesion_labels, lung_labels
):
    first, second, third = read_all("nifti-pairs", pairs)
    assert np.array_equal(first.lesions.labels, lesion_labels)
    assert np.array_equal(first.lungs.labels, lung_labels)
    assert second.lesions is None
    assert third.lesions is not None
    assert [case.patient for case in (first, second, third)] == ["Doe", "Doe", "Roe"]


def test_names_of_own_files_are_no_ids(pairs, read_all):
    assert all(case.case_id is None for case in read_all("nifti-pairs", pairs))
    listed = find_collection("nifti-pairs").list_cases(pairs)
    assert [one.name for one in listed] == ["scan 1", "scan 2", "scan 3"]


def test_one_may_mean_infection(pairs, read_all, put, lesion_labels):
    lesion_labels[lesion_labels == 2] = 255
    for name in "ac":
        put.labels(f"labels/{name}.nii.gz", lesion_labels)
    first, *_ = read_all("nifti-pairs", pairs, labels="infection")
    assert first.lesions.label_set.name == "infection"
    assert np.array_equal(first.lesions.labels, lesion_labels > 0)


def test_the_layout_of_nnunet_is_known(put, read_all, lesion_labels):
    put.ct("imagesTr/x_0000.nii.gz")
    put.labels("labelsTr/x.nii.gz", lesion_labels)
    (case,) = read_all("nifti-pairs", put.root)
    assert np.array_equal(case.lesions.labels, lesion_labels)


def test_a_mask_in_another_order_of_voxels_is_turned(
    put, read_all, make_ct, lesion_labels, stored
):
    from covseg_core.volume import LesionMask

    put.ct("images/x.nii.gz")
    mask = LesionMask(lesion_labels, make_ct().grid)
    turned = stored(mask, (2, 0, 1), (True, False, True))
    put.labels("masks/x.nii.gz", turned.labels, turned.grid)
    (case,) = read_all("nifti-pairs", put.root)
    assert np.array_equal(case.lesions.labels, lesion_labels)
    assert case.lesions.grid.matches(case.ct.grid)


def test_a_table_with_other_columns_is_refused(pairs, read_all):
    (pairs / "patients.csv").write_text("file,who\na,Doe\n")
    with pytest.raises(InputRefusedError, match="needs the columns name and patient"):
        read_all("nifti-pairs", pairs)


@pytest.mark.parametrize("name", ["a_0000.nii.gz", "a_0000", "a.nii.gz", "a"])
@pytest.mark.parametrize("ending", ["", "_0000"])
def test_the_table_may_spell_names_with_and_without_0000(put, read_all, name, ending):
    put.ct(f"images/a{ending}.nii.gz", 0)
    put.ct("images/b_0000.nii.gz", 1)
    (put.root / "patients.csv").write_text(f"name,patient\n{name},Doe\nb,Doe\n , \n")
    assert [case.patient for case in read_all("nifti-pairs", put.root)] == ["Doe"] * 2


@pytest.mark.parametrize(
    ("given", "place", "told"),
    [
        (".", "images", "lies in images, where it is not read. Move it to download,"),
        ("..", "..", "where it is not read. Move it to download, or"),
    ],
)
def test_a_table_where_it_is_not_read_is_refused(pairs, read_all, given, place, told):
    (pairs / "patients.csv").rename((pairs / place).resolve() / "patients.csv")
    with pytest.raises(InputRefusedError, match=told):
        read_all("nifti-pairs", (pairs / given).resolve())


def test_a_table_above_a_folder_that_was_given_itself_is_not_ours(pairs, read_all):
    (pairs.parent / "patients.csv").write_text("study,who\n")
    assert len(read_all("nifti-pairs", pairs)) == 3


def test_without_a_table_a_name_that_comes_again_is_the_same_patient(put, read_all):
    for site in ("hospA", "hospB"):
        put.ct(f"{site}/images/001.nii.gz")
    patients = [
        read_all("nifti-pairs", put.root / site)[0].patient
        for site in ("hospA", "hospB")
    ]
    assert patients == ["file 001"] * 2


def test_a_table_that_names_no_image_is_refused(pairs, read_all):
    table = "name,patient\na,Doe\nZebedee_Quorn,Doe\nimages/b,Doe\n"
    (pairs / "patients.csv").write_text(table)
    message = r"2 rows of patients\.csv name no image, line 3 first\. Correct"
    with pytest.raises(InputRefusedError, match=message) as refusal:
        read_all("nifti-pairs", pairs)
    assert "Quorn" not in str(refusal.value)


def test_a_table_that_gives_an_image_two_patients_is_refused(pairs, read_all):
    (pairs / "patients.csv").write_text("name,patient\na,Doe\nb,Doe\na_0000,Roe\n")
    message = r"line 4 of patients\.csv gives an image another patient"
    with pytest.raises(InputRefusedError, match=message):
        read_all("nifti-pairs", pairs)


def test_an_image_may_stand_twice_in_the_table_with_one_patient(pairs, read_all):
    (pairs / "patients.csv").write_text("name,patient\na,Doe\na.nii.gz, Doe\nb,\n")
    patients = [case.patient for case in read_all("nifti-pairs", pairs)]
    assert patients == ["Doe", "file b", "file c"]


@pytest.mark.parametrize(
    "name",
    [
        "images/a.nii",
        "images/a_0000.nii.gz",
        "imagesTr/a.nii.gz",
        "imagesTr/a_0000.nii",
    ],
)
def test_scans_of_one_name_are_refused(pairs, read_all, put, name):
    put.ct(name)
    message = r"images/a[_0]*\.nii.* and .*/a.* are one name, as folder"
    with pytest.raises(InputRefusedError, match=message):
        read_all("nifti-pairs", pairs)


@pytest.mark.parametrize("name", ["labels/a.nii", "masks/a.nii", "labelsTr/a.nii.gz"])
def test_masks_of_one_name_are_refused(pairs, read_all, put, lesion_labels, name):
    put.labels(name, lesion_labels)
    with pytest.raises(InputRefusedError, match="are one name, as folder and ending"):
        read_all("nifti-pairs", pairs)


@pytest.fixture
def pictures(put):
    """Pictures a, b and c; a with a mask of labels."""
    for seed, name in enumerate("abc"):
        put.picture(f"images/{name}.jpg", seed)
    labels = np.zeros((12, 10), np.uint8)
    labels[1], labels[2], labels[3] = 1, 2, 255
    put.mask("masks/a.png", labels)
    return put.root


def test_every_picture_is_of_another_patient_unless_said(pictures, read_all):
    assert len({case.patient for case in read_all("slices", pictures)}) == 3
    (pictures / "patients.csv").write_text("name,patient\na,Doe\nb.jpg,Doe\n")
    patients = [case.patient for case in read_all("slices", pictures)]
    assert patients == ["Doe", "Doe", "file c"]


@pytest.mark.parametrize("name", ["d", "a.tif", "a_0000.jpg", "images/a.jpg"])
def test_a_table_that_names_no_picture_is_refused(pictures, read_all, name):
    (pictures / "patients.csv").write_text(f"name,patient\n{name},Doe\n")
    with pytest.raises(InputRefusedError, match=r"1 rows of patients\.csv name no im"):
        read_all("slices", pictures)


def test_grey_levels_of_a_mask_are_labels(pictures, read_all):
    first, second, _ = read_all("slices", pictures)
    assert first.lesions.labels[0, :5, 0].tolist() == [0, 1, 2, 255, 0]
    assert second.lesions is None
    assert not first.ct.is_hu


def test_white_is_infection_where_there_is_one_class(pictures, read_all, put):
    labels = np.zeros((12, 10), np.uint8)
    labels[1], labels[2] = 1, 255
    put.mask("masks/a.png", labels)
    first, *_ = read_all("slices", pictures, labels="infection")
    assert first.lesions.labels[0, :4, 0].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("a.png", 7, r"the mask a\.png holds 7"),
        ("b.jpg", 1, r"the mask b\.jpg is a JPEG"),
    ],
)
def test_a_mask_that_holds_no_labels_is_refused(
    pictures, read_all, put, name, value, message
):
    put.mask(f"masks/{name}", np.full((12, 10), value, np.uint8))
    with pytest.raises(InputRefusedError, match=message):
        read_all("slices", pictures)

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.errors import GeometryError, InputRefusedError

TRAIN, TEST = "Dataset/TrainingSet", "Dataset/TestingSet"
RED, GREEN = (128, 0, 0), (0, 128, 0)


@pytest.fixture
def classes():
    """Three pixels of ground glass, two of consolidation."""
    pixels = np.zeros((12, 10, 3), np.uint8)
    pixels[1, 2:5], pixels[4, 6:8] = RED, GREEN
    return pixels


@pytest.fixture
def white():
    pixels = np.zeros((12, 10), np.uint8)
    pixels[3, 1:8] = 255
    return pixels


@pytest.fixture
def download(put, classes, white):
    """Slices 1 and 2 with two classes, 1 and 3 with one; two of no reader."""
    for seed in (1, 2):
        put.picture(f"{TRAIN}/MultiClassInfection-Train/Imgs/{seed}.png", seed)
        put.mask(f"{TRAIN}/MultiClassInfection-Train/GT/{seed}.png", classes)
    for seed in (1, 3):
        place = f"{TRAIN}/LungInfection-Train/Doctor-label"
        put.picture(f"{place}/Imgs/{seed}.png", seed)
        put.mask(f"{place}/GT/{seed}.png", white)
        put.mask(f"{place}/Edge/{seed}.png", white)
    put.picture(f"{TEST}/MultiClassInfection-Test/Imgs/7.png", 7)
    put.mask(f"{TEST}/MultiClassInfection-Test/GT/7.png", classes)
    for seed in (7, 8):
        put.picture(f"{TEST}/LungInfection-Test/Imgs/{seed}.png", seed)
        put.mask(f"{TEST}/LungInfection-Test/GT/{seed}.png", white)
    for number in (10, 11):
        name = f"Data-1_coronacases_org_001_{number}"
        place = f"{TRAIN}/LungInfection-Train/Pseudo-label"
        put.picture(f"{place}/Imgs/{name}.png", number)
        put.mask(f"{place}/GT/{name}.png", white)
    return put.root


def test_each_slice_is_one_case_in_its_published_split(download, read):
    cases = read("covid-semiseg", download)
    splits = {name: case.split for name, case in cases.items()}
    assert splits == {
        "semiseg-train-1": "train",
        "semiseg-train-2": "train",
        "semiseg-train-3": "train",
        "semiseg-test-7": "held-out",
        "semiseg-test-8": "held-out",
        "semiseg-pseudo-Data-1_coronacases_org_001_10": "train",
        "semiseg-pseudo-Data-1_coronacases_org_001_11": "train",
    }


def test_two_classes_are_taken_before_one(download, read, classes, white):
    cases = read("covid-semiseg", download)
    mask = cases["semiseg-train-1"].lesions
    assert mask.label_set.name == "lesions"
    assert np.argwhere(mask.labels == 1).tolist() == [[0, 1, x] for x in (2, 3, 4)]
    assert np.argwhere(mask.labels == 2).tolist() == [[0, 4, x] for x in (6, 7)]
    single = cases["semiseg-test-8"].lesions
    assert single.label_set.name == "infection"
    assert np.array_equal(single.labels[0], white > 0)


def test_slices_are_pictures_without_a_voxel_size(download, read):
    ct = read("covid-semiseg", download / "Dataset")["semiseg-train-3"].ct
    assert (ct.is_hu, ct.is_picture, ct.source.kind) == (False, True, "images")
    assert ct.grid.shape == (1, 12, 10)


def test_greys_that_the_colours_turn_into_mean_the_same(put, read):
    grey = np.zeros((12, 10), np.uint8)
    grey[0, :4], grey[1, :3] = 38, 75
    put.picture("TestingSet/MultiClassInfection-Test/Imgs/1.png")
    put.mask("TestingSet/MultiClassInfection-Test/GT/1.png", grey)
    labels = read("covid-semiseg", put.root)["semiseg-test-1"].lesions.labels
    assert [int((labels == value).sum()) for value in (1, 2)] == [4, 3]


def test_pseudo_labels_are_masks_of_a_model_if_asked_for(download, read, white):
    name = "semiseg-pseudo-Data-1_coronacases_org_001_10"
    assert read("covid-semiseg", download)[name].lesions is None
    case = read("covid-semiseg", download, with_pseudo_labels=True)[name]
    assert np.array_equal(case.lesions.labels[0], white > 0)
    assert (case.source, case.model) == (
        "model",
        "Semi-Inf-Net, published pseudo-label",
    )


def test_slices_of_one_scan_are_of_one_patient(download, read):
    cases = read("covid-semiseg", download)
    patients = [case.patient for name, case in cases.items() if "pseudo" in name]
    assert patients == ["coronacases 001"] * 2


@pytest.mark.parametrize(
    ("stem", "patient"),
    [
        (
            "Data-2_radiopaedia_org_covid-19-pneumonia-10_85902_1-dcm_12",
            "radiopaedia 10",
        ),
        ("radiopaedia_org_covid-19-pneumonia-4_85506_1-dcm_7", "radiopaedia 4"),
        ("Data-2_radiopaedia_10_85902_3_5", "radiopaedia 10"),
        ("Data-1_coronacases_org_010_10", "coronacases 010"),
        ("Data-3_12", "semiseg-pseudo-Data-3_12"),
    ],
)
def test_slices_of_a_known_scan_are_of_its_patient(put, read, stem, patient):
    put.picture(f"{TRAIN}/LungInfection-Train/Pseudo-label/Imgs/{stem}.png")
    (case,) = read("covid-semiseg", put.root).values()
    assert case.patient == patient


def test_a_strange_colour_is_refused(download, read, put, classes):
    classes[0, 0] = 0, 0, 200
    put.mask(f"{TEST}/MultiClassInfection-Test/GT/7.png", classes)
    with pytest.raises(InputRefusedError, match=r"7\.png has 1 pixels.*\(0, 0, 200\)"):
        read("covid-semiseg", download)


def test_a_mask_of_another_size_is_refused(download, read, put, classes):
    put.mask(f"{TEST}/MultiClassInfection-Test/GT/7.png", classes[:, :5])
    with pytest.raises(GeometryError, match="does not lie on"):
        read("covid-semiseg", download)


def test_an_image_without_a_mask_is_refused(download, read):
    (download / TEST / "LungInfection-Test/GT/8.png").unlink()
    with pytest.raises(InputRefusedError, match=r"1 images of LungInfection-Test/Imgs"):
        read("covid-semiseg", download)


def test_a_mask_without_an_image_is_refused(download, read):
    (download / TEST / "LungInfection-Test/Imgs/8.png").unlink()
    with pytest.raises(InputRefusedError, match=r"1 masks have no image, 8\.png first"):
        read("covid-semiseg", download)


def test_a_real_slice_keeps_its_labels(real_ct, put, read):
    from PIL import Image

    labels = np.asarray(Image.open(real_ct / "slices_labelled" / "masks" / "00.png"))
    grey = np.asarray(Image.open(real_ct / "slices_labelled" / "images" / "00.png"))
    colours = np.zeros((*labels.shape, 3), np.uint8)
    colours[labels == 1], colours[labels == 2] = RED, GREEN
    put.mask("TestingSet/MultiClassInfection-Test/Imgs/0.png", grey)
    put.mask("TestingSet/MultiClassInfection-Test/GT/0.png", colours)
    case = read("covid-semiseg", put.root)["semiseg-test-0"]
    assert np.array_equal(case.lesions.labels[0], labels)

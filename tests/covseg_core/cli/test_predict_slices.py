from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

SIZES = {"a.png": (153, 201), "b.jpg": (64, 64), "case 10.png": (97, 130)}


@pytest.fixture
def pictures(tmp_path):
    """Three slices of odd sizes, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, (height, width) in SIZES.items():
        rows, columns = np.indices((height, width))
        Image.fromarray(((rows + columns) % 256).astype(np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def predict(covseg, tiny_model):
    def call(*words):
        engine = "--model", tiny_model, "--engine", "torch", "--slices8bit"
        return covseg("predict", *words, *engine)

    return call


@pytest.fixture
def refuse(refused, tiny_model):
    def call(code, *words):
        engine = "--model", tiny_model, "--engine", "torch", "--slices8bit"
        return refused(code, "predict", *words, *engine)

    return call


def test_masks_have_the_names_and_sizes_of_the_pictures(predict, pictures, tmp_path):
    out = tmp_path / "new" / "masks"
    answer = predict(pictures, "-o", out)
    assert answer.code == 0
    assert answer.err == ""
    assert {path.name for path in out.iterdir()} == {
        "a.png",
        "a.json",
        "b.png",
        "b.json",
        "case 10.png",
        "case 10.json",
    }
    for name, size in SIZES.items():
        with Image.open((out / name).with_suffix(".png")) as mask:
            assert mask.size == size[::-1]
            assert set(np.unique(mask)) <= {0, 1}
        manifest = json.loads((out / name).with_suffix(".json").read_text())
        assert manifest["input"]["kind"] == "slice"
        assert manifest["volumes_ml"] is None
        assert manifest["device"] in ("cpu", "cuda")
        assert manifest["labels"] == {"infection": 1}


def test_probabilities_are_npy_in_channels_rows_columns(predict, pictures, tmp_path):
    predict(pictures, "-o", tmp_path / "out", "--probabilities", "--threshold", "0.5")
    for name, size in SIZES.items():
        path = tmp_path / "out" / name
        values = np.load(path.with_suffix(".npy"), allow_pickle=False)
        assert values.shape == (1, *size)
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() <= 1
        with Image.open(path.with_suffix(".png")) as mask:
            np.testing.assert_array_equal(np.asarray(mask), values[0] > 0.5)


def test_one_picture_may_go_into_one_file(predict, pictures, tmp_path):
    target = tmp_path / "new" / "mask.PNG"
    document = predict(pictures / "a.png", "-o", target, "--json").json
    assert document["output"] == str(target)
    with Image.open(target) as mask:
        assert mask.size == (201, 153)


def test_pictures_and_folders_may_be_mixed_and_come_out_in_order(
    predict, pictures, tmp_path
):
    other = tmp_path / "z.png"
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(other)
    documents = predict(other, pictures, "-o", tmp_path / "out", "--json").json
    names = [each["output"].rsplit("/", 1)[1] for each in documents]
    assert names == ["z.png", "a.png", "b.png", "case 10.png"]
    assert len({each["input"]["sha256"] for each in documents}) == 4


def test_two_pictures_of_one_name_are_refused(refuse, pictures, tmp_path):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(pictures / "a.jpg")
    line = refuse(2, pictures, "-o", tmp_path / "out")
    assert "two pictures differ only in folder or ending" in line
    assert not (tmp_path / "out").exists()


def test_no_mask_replaces_a_picture(refuse, pictures, tmp_path):
    before = (pictures / "a.png").read_bytes()
    for words in ([pictures, "-o", pictures], [pictures / "a.png", "-o", pictures]):
        assert "'a.png' would replace an input" in refuse(2, *words)
    one = pictures / "a.png"
    assert "'a.png' would replace an input" in refuse(2, one, "-o", one)
    assert (pictures / "a.png").read_bytes() == before
    assert not (pictures / "a.json").exists()


def test_no_manifest_replaces_json_of_another_program(refuse, pictures, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    line = refuse(2, pictures / "a.png", "-o", tmp_path / "a.png")
    assert "'a.json' is there already and is not a manifest of covseg" in line
    assert not (tmp_path / "a.png").exists()


def test_after_a_run_only_its_own_files_carry_its_name(predict, pictures, tmp_path):
    words = pictures / "a.png", "-o", tmp_path / "out"
    maps = "--probabilities", "--uncertainty", "--predictions", "2"
    assert predict(*words, *maps).code == 0
    own = {"a.png", "a.json"}
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == own | {"a.npy", "a_uncertainty.npy"}
    assert predict(*words).code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == own


def test_no_run_joins_maps_of_another_program(refuse, pictures, tmp_path):
    (tmp_path / "a.npy").touch()
    line = refuse(2, pictures / "a.png", "-o", tmp_path / "a.png")
    assert "'a.npy' is there already without a manifest of covseg" in line
    assert not (tmp_path / "a.png").exists()


def test_a_refused_picture_keeps_no_other_from_being_predicted(
    predict, pictures, tmp_path
):
    (pictures / "a.png").write_text("no picture")
    answer = predict(pictures, "-o", tmp_path / "out", "--json")
    assert answer.code == 3
    assert answer.err.startswith("covseg: 1 of 3 were refused. a.png: ")
    assert len(answer.json) == 2
    assert not (tmp_path / "out" / "a.png").exists()


def test_a_volume_of_islands_is_not_ignored_in_silence(
    predict, refuse, pictures, tmp_path
):
    words = pictures / "a.png", "-o", tmp_path / "out"
    assert "a picture has no voxel size" in refuse(2, *words, "--smallest-ml", "1")
    assert "smallest_ml" not in predict(*words, "--json").json["settings"]


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.nii.gz"])
def test_a_folder_named_like_a_file_is_refused(refuse, pictures, tmp_path, name):
    line = refuse(2, pictures, "-o", tmp_path / name)
    assert f"{name!r} must be a folder or, for one picture, a .png" in line


def test_what_is_no_picture_is_refused(refuse, tmp_path):
    (tmp_path / "empty").mkdir()
    line = refuse(3, tmp_path / "empty", "-o", tmp_path / "out")
    assert "the folder 'empty' holds no PNG or JPG" in line
    line = refuse(3, tmp_path / "absent.png", "-o", tmp_path / "out")
    assert "there is no file or folder 'absent.png'" in line
    (tmp_path / "bad.png").write_text("no picture")
    line = refuse(3, tmp_path / "bad.png", "-o", tmp_path / "out")
    assert "bad.png is not a readable PNG" in line


def test_an_output_folder_that_cannot_be_made_is_told(refuse, pictures, tmp_path):
    (tmp_path / "file").touch()
    line = refuse(1, pictures, "-o", tmp_path / "file" / "out")
    assert "the folder 'out' could not be made: Not a directory" in line


def test_uncertainty_is_npy_in_rows_columns(predict, pictures, tmp_path):
    predict(pictures, "-o", tmp_path / "out", "--uncertainty", "--predictions", "2")
    for name, size in SIZES.items():
        stem = (tmp_path / "out" / name).with_suffix("").name
        values = np.load(tmp_path / "out" / f"{stem}_uncertainty.npy")
        assert values.shape == size
        assert values.dtype == np.float32
        assert 0 <= values.min() < values.max() <= 1
        manifest = json.loads((tmp_path / "out" / f"{stem}.json").read_text())
        assert manifest["uncertainty"]["predictions"] == 2
        assert len(manifest["uncertainty"]["slices"]) == 1
        assert not (tmp_path / "out" / f"{stem}.npy").exists()

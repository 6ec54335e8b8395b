from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels
from covseg_core.learn.unlabelled import find_unlabelled


def save_picture(path, grey=90):
    Image.fromarray(np.full((8, 9), grey, np.uint8)).save(path)


def names(*paths, **choice):
    return [scan.name for scan in find_unlabelled(paths, **choice)]


def test_a_folder_of_pictures_gives_each_as_a_scan_of_one_slice(tmp_path):
    for number in (10, 9):
        save_picture(tmp_path / f"slice{number}.png", number)
    scans = find_unlabelled([tmp_path])
    assert [scan.name for scan in scans] == ["slice9", "slice10"]
    ct = scans[0].ct()
    assert ct.is_picture
    assert ct.hu.shape == (1, 8, 9)
    assert (ct.hu == 9).all()
    assert scans[0].lungs() is None


def test_a_folder_of_nifti_gives_each_and_a_file_gives_itself(tmp_path, blocks):
    for name in ("b", "a"):
        write_nifti_ct(tmp_path / f"{name}.nii.gz", blocks.ct)
    assert names(tmp_path) == ["a", "b"]
    (scan,) = find_unlabelled([tmp_path / "b.nii.gz"])
    assert np.array_equal(scan.ct().hu, blocks.ct.hu)


def test_a_folder_of_both_gives_both(tmp_path, blocks):
    write_nifti_ct(tmp_path / "b.nii.gz", blocks.ct)
    save_picture(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("neither")
    assert names(tmp_path) == ["b", "a"]


@pytest.mark.parametrize("below", ["", "series"])
def test_a_folder_with_dicom_beside_other_scans_is_refused(tmp_path, blocks, below):
    (tmp_path / "mixed").mkdir()
    write_dicom_series(blocks.ct, tmp_path / "mixed" / below)
    assert names(tmp_path / "mixed") == ["mixed"]
    write_nifti_labels(tmp_path / "mixed" / "mask.nii.gz", blocks.lesions)
    with pytest.raises(InputRefusedError, match="'mixed' holds DICOM slices beside"):
        names(tmp_path / "mixed")
    (tmp_path / "mixed" / "mask.nii.gz").rename(tmp_path / "mask.nii.gz")
    save_picture(tmp_path / "mixed" / "view.png")
    with pytest.raises(InputRefusedError, match="Give the scans one by one"):
        names(tmp_path / "mixed")


def test_a_folder_of_neither_is_left_to_the_dicom_reader(tmp_path):
    (tmp_path / "series").mkdir()
    (scan,) = find_unlabelled([tmp_path / "series"])
    with pytest.raises(InputRefusedError):
        scan.ct()


def test_of_a_store_only_training_cases_without_a_readers_mask_are_taken(store, blocks):
    for number, split in enumerate(("train", "held-out", "validation", "train")):
        other = replace(blocks.ct, hu=blocks.ct.hu + 50 + number)
        store.add_case(other, case_id=f"new-{number}", split=split)
    store.add_mask("new-0", blocks.lesions, source="model")
    store.set_state("new-3", "flagged")
    assert names(store.root) == ["new-0"]
    assert names(store.root, outlined_too=True) == ["new-0", "train-0", "train-1"]


def test_a_case_brings_its_lungs(store, blocks):
    scan = find_unlabelled([store.root], outlined_too=True)[0]
    assert np.array_equal(scan.lungs().labels, blocks.lungs.labels)
    assert np.array_equal(scan.ct().hu, blocks.ct.hu)


def test_a_store_with_nothing_to_take_is_refused(store):
    with pytest.raises(InputRefusedError, match="no case to take"):
        find_unlabelled([store.root])


def test_a_path_with_nothing_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="no file or folder 'none'"):
        find_unlabelled([tmp_path / "none"])

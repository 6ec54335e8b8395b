from __future__ import annotations

import json
from dataclasses import replace

import pytest

from covseg_core.cases.synthetic import is_synthetic
from covseg_core.errors import InputRefusedError
from covseg_core.io.nifti import read_nifti_ct, write_nifti_ct
from covseg_core.transforms.fingerprint import hash_ct
from covseg_core.volume import Source

MADE = Source(is_synthetic=True)


def test_a_synthetic_scan_is_refused_and_the_store_stays_empty(store, make_ct):
    with pytest.raises(
        InputRefusedError, match=r"only `covseg cases add` .*--allow-synthetic"
    ):
        store.add_case(make_ct(source=MADE))
    assert not store.list_cases()


def test_one_that_is_wanted_is_remembered_and_stays_marked(store, make_ct):
    made = store.add_case(make_ct(1, source=MADE), allow_synthetic=True)
    measured = store.add_case(make_ct(2), allow_synthetic=True)
    assert store.read(made.case_id).synthetic
    assert not store.read(measured.case_id).synthetic
    assert store.ct(made.case_id).source.is_synthetic
    assert not store.ct(measured.case_id).source.is_synthetic


def test_a_lost_mark_is_found_in_the_list_beside_the_file(make_ct, tmp_path):
    path = tmp_path / "made.nii.gz"
    write_nifti_ct(path, make_ct(3))
    scan = read_nifti_ct(path)
    document = {"input": {"sha256": "cd"}, "files": {"made.nii.gz": hash_ct(scan)}}
    (tmp_path / "whatif.json").write_text(json.dumps(document))
    assert is_synthetic(scan, hash_ct(scan), allowed=True)
    assert not is_synthetic(scan, "cd", allowed=False)
    assert not is_synthetic(replace(scan, source=Source()), "ab", allowed=False)


def test_the_scan_that_images_were_made_from_is_not_taken_for_one(make_ct, tmp_path):
    write_nifti_ct(tmp_path / "scan.nii.gz", make_ct(3))
    scan = read_nifti_ct(tmp_path / "scan.nii.gz")
    same = hash_ct(scan)
    document = {"input": {"sha256": same}, "files": {"SYNTHETIC_severity.nii": same}}
    (tmp_path / "whatif.json").write_text(json.dumps(document))
    assert not is_synthetic(scan, same, allowed=False)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"files": 3}', "{}", '{"files": {"a": 1}}']
)
def test_a_list_that_cannot_be_read_lists_nothing(text, make_ct, tmp_path):
    write_nifti_ct(tmp_path / "scan.nii.gz", make_ct(3))
    (tmp_path / "whatif.json").write_text(text)
    scan = read_nifti_ct(tmp_path / "scan.nii.gz")
    assert not is_synthetic(scan, hash_ct(scan), allowed=False)

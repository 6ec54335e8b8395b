"""`covseg pacs` on a real PACS: find, fetch, store."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydicom import dcmread

from covseg_core.io import read_ct
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.pacs.client import Pacs
from covseg_core.io.pacs.steps import PacsStep
from covseg_core.volume import LesionMask

pytestmark = pytest.mark.usefixtures("clinic")


def test_series_are_listed_with_what_fetch_needs(covseg, uids, blocks):
    answer = covseg("pacs", "find", "clinic")
    assert answer.code == 0
    assert f"study {uids[1]}\n" in answer.out
    assert f"--series {uids[3]}\n" in answer.out
    assert f"{len(blocks.ct.hu)} images" in answer.out
    assert "Anonymous" not in answer.out
    assert "Anonymous" in covseg("pacs", "find", "clinic", "--show-patients").out


def test_a_program_gets_the_list_as_json(covseg, uids, blocks):
    document = covseg("pacs", "find", "clinic", "--study", uids[1], "--json").json
    assert document == {
        "series": [
            {
                "study_uid": uids[1],
                "series_uid": uids[3],
                "modality": "CT",
                "date": "",
                "study_description": "",
                "description": "CT written by covseg",
                "images": len(blocks.ct.hu),
            }
        ],
        "is_cut": False,
    }


def test_where_nothing_matches_that_is_said(covseg):
    assert covseg("pacs", "find", "clinic", "--modality", "MR").out == (
        "nothing matches.\n"
    )


def test_a_date_that_is_none_is_told(refused):
    line = refused(2, "pacs", "find", "clinic", "--date", "1.3.2020")
    assert line.startswith("covseg: --date: ")


def test_a_series_is_fetched_and_its_segmentation_stored(
    covseg, clinic, uids, tmp_path, blocks
):
    answer = covseg("pacs", "fetch", "clinic", *uids, "-o", tmp_path / "ct")
    assert answer.code == 0
    assert answer.out == (
        f"fetched {len(blocks.ct.hu)} images\nwrote {tmp_path / 'ct'}\n"
    )
    ct = read_ct(tmp_path / "ct")
    np.testing.assert_array_equal(ct.hu, blocks.ct.hu)

    lesions = LesionMask((ct.hu < -600).astype("uint8"), ct.grid)
    mask = TracedMask(lesions, MaskOrigin("manual"))
    write_dicom_seg(tmp_path / "seg.dcm", ct, [mask])
    answer = covseg("pacs", "store", "clinic", tmp_path / "seg.dcm")
    assert answer.code == 0
    uid = dcmread(tmp_path / "seg.dcm", stop_before_pixels=True).SOPInstanceUID
    assert answer.out == f"stored seg.dcm, segmentation {uid}\n"
    assert len(clinic.ask("/series")) == 2


def test_a_scan_is_not_stored(refused, clinic, dicom):
    line = refused(3, "pacs", "store", "clinic", dicom / "slice_0001.dcm")
    assert "slice_0001.dcm: covseg sends only" in line


def test_what_to_store_must_be_said(refused):
    assert "name the files to store" in refused(2, "pacs", "store", "clinic")


def test_a_stopped_fetch_ends_with_130_and_goes_on(
    covseg, uids, tmp_path, monkeypatch, blocks
):
    whole = Pacs.fetch_series

    def stopped(*words):
        for step in whole(*words):
            yield step
            if step.done == 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Pacs, "fetch_series", stopped)
        answer = covseg("pacs", "fetch", "clinic", *uids, "-o", tmp_path / "ct")
    assert answer.code == 130
    assert "the same command fetches what is missing" in answer.err
    assert not (tmp_path / "ct").exists()
    answer = covseg("pacs", "fetch", "clinic", *uids, "-o", tmp_path / "ct")
    assert answer.out.startswith(
        f"fetched {len(blocks.ct.hu)} images, 2 of them from before\n"
    )


def test_what_was_not_stored_is_named_and_fails(covseg, clinic, monkeypatch, tmp_path):
    from covseg_core.io.pacs.receipt import Outcome, StoredObject

    def store(*_):
        yield PacsStep("Storing", 0, 2)
        return (
            StoredObject("a.dcm", "segmentation", "1.2.3", Outcome(warning="Hm.")),
            StoredObject("b.dcm", "PDF report", "1.2.4", Outcome(failure="No room.")),
        )

    monkeypatch.setattr(Pacs, "store", store)
    answer = covseg("pacs", "store", "clinic", tmp_path / "a.dcm", tmp_path / "b.dcm")
    assert answer.code == 3
    assert answer.out.splitlines() == [
        "stored a.dcm, segmentation 1.2.3",
        "note: Hm.",
        "not stored b.dcm",
    ]
    assert answer.err == "covseg: 1 of 2 files not stored. No room.\n"


def test_a_wrong_password_is_one_line_without_it(covseg, clinic, monkeypatch):
    monkeypatch.setenv("COVSEG_PACS_PASSWORD", "not-for-anyone-to-see")
    answer = covseg("pacs", "find", "clinic", "--patient-id", "4711", "--debug")
    assert answer.code == 3
    assert "does not accept this login (401)" in answer.err
    assert "not-for-anyone" not in answer.out + answer.err
    assert "4711" not in answer.out + answer.err


def test_no_file_of_ours_holds_the_login(covseg, clinic, uids, covseg_home, tmp_path):
    covseg("pacs", "find", "clinic")
    covseg("pacs", "fetch", "clinic", *uids, "-o", tmp_path / "ct")
    files = [
        path
        for folder in (covseg_home, tmp_path)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert any(path.name == "pacs.json" for path in files)
    secret = clinic.password.encode()
    assert not any(secret in path.read_bytes() for path in files)
    names = json.loads((covseg_home / "pacs.json").read_text(encoding="utf-8"))
    assert names == {"pacs": {"clinic": {"url": clinic.url}}}

"""What a PACS says of objects that were sent, and what is never sent."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.uid import RTStructureSetStorage

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.pacs import sendable
from covseg_core.steps import result_of

CLASS, INSTANCE, FAILURE, WARNING = "00081150", "00081155", "00081197", "00081196"
FAILED, STORED = "00081198", "00081199"


@pytest.fixture
def seg(phantom_seg, tmp_path):
    """A segmentation that covseg made."""
    return shutil.copy(phantom_seg, tmp_path / "seg.dcm")


def changed(path, name, **elements):
    """A copy of a file with other elements."""
    dataset = dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path.with_name(name))
    return path.with_name(name)


def uid_of(path):
    return str(dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def receipt(server, sequence, path, status=200, **codes):
    item = {INSTANCE: {"vr": "UI", "Value": [uid_of(path)]}}
    item |= {tag: {"vr": "US", "Value": [code]} for tag, code in codes.items()}
    document = {sequence: {"vr": "SQ", "Value": [item]}}
    return server.reply(json.dumps(document).encode(), status)


def sent(pacs, *paths):
    return result_of(pacs.store(paths))


def test_the_very_bytes_are_sent_once_with_their_length(scripted, scripted_pacs, seg):
    scripted.script = lambda _: receipt(scripted, STORED, seg)
    (stored,) = sent(scripted_pacs, seg)
    assert stored.is_stored
    assert (stored.name, stored.kind) == ("seg.dcm", "segmentation")
    (asked,) = scripted.asked
    assert (asked.method, asked.path) == ("POST", "/dicom-web/studies")
    assert seg.read_bytes() in asked.body
    assert int(asked.headers["Content-Length"]) == len(asked.body)
    assert asked.headers["Accept"] == "application/dicom+json"


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (409, 0x0110, r"did not store it: it could not process the object \(0110\)"),
        (409, 0x0122, r"it does not store objects of that kind \(0122\)"),
        (409, 0xA700, r"it has no room left \(A700\)"),
        (202, 0xC000, r"it cannot understand the object \(C000\)"),
        (200, 0x7777, r"it has its reasons \(7777\)"),
    ],
)
def test_a_refused_object_is_told_with_the_reason(
    scripted, scripted_pacs, seg, status, code, sentence
):
    scripted.script = lambda _: receipt(
        scripted, FAILED, seg, status, **{FAILURE: code}
    )
    (stored,) = sent(scripted_pacs, seg)
    assert not stored.is_stored
    assert_matches(sentence, stored.outcome.failure)


def assert_matches(sentence, text):
    with pytest.raises(InputRefusedError, match=sentence):
        raise InputRefusedError(text)


def test_a_remark_is_told_of_an_object_that_is_stored(scripted, scripted_pacs, seg):
    scripted.script = lambda _: receipt(scripted, STORED, seg, 202, **{WARNING: 0xB000})
    (stored,) = sent(scripted_pacs, seg)
    assert stored.is_stored
    assert "it changed some elements (B000)" in stored.outcome.warning


@pytest.mark.parametrize("body", [b"", b"{}", b"[]"])
def test_an_answer_that_says_nothing_leaves_a_doubt(scripted, scripted_pacs, seg, body):
    scripted.script = lambda _: scripted.reply(body)
    (stored,) = sent(scripted_pacs, seg)
    assert_matches(
        "without saying whether it stored it. Whether it is stored all the same is not",
        stored.outcome.failure,
    )


def test_a_receipt_for_another_object_is_none(scripted, scripted_pacs, seg):
    other = changed(seg, "other.dcm", SOPInstanceUID="1.2.3")
    scripted.script = lambda _: receipt(scripted, STORED, other)
    (stored,) = sent(scripted_pacs, seg)
    assert not stored.is_stored


def test_a_conflict_without_a_reason_is_told(scripted, scripted_pacs, seg):
    scripted.script = lambda _: scripted.reply(b"{}", 409)
    (stored,) = sent(scripted_pacs, seg)
    assert_matches(r"does not say why \(409\)", stored.outcome.failure)


@pytest.mark.parametrize("status", [None, 200, 503])
def test_nothing_is_sent_twice(scripted, scripted_pacs, impatient_pacs, seg, status):
    cut = scripted.reply(b"{}" + b" " * 90, status or 200, sent=10)
    scripted.script = lambda _: cut if status else None
    (stored,) = sent(scripted_pacs if status else impatient_pacs, seg)
    assert not stored.is_stored
    assert len(scripted.asked) == 1
    assert ("is not known: look with" in stored.outcome.failure) == (status != 503)


def test_a_refused_login_is_not_tried_for_every_file(scripted, scripted_pacs, seg):
    second = changed(seg, "second.dcm", SOPInstanceUID="1.2.3")
    scripted.script = lambda _: scripted.reply(b"", 401)
    one, two = sent(scripted_pacs, seg, second)
    assert_matches(r"does not accept this login \(401\)", one.outcome.failure)
    assert (two.name, two.outcome.failure) == ("second.dcm", "It was not sent.")
    assert len(scripted.asked) == 1


def test_a_refused_object_does_not_keep_the_next_one(scripted, scripted_pacs, seg):
    second = changed(seg, "second.dcm", SOPInstanceUID="1.2.3")

    def script(asked):
        if seg.read_bytes() in asked.body:
            return receipt(scripted, FAILED, seg, 409, **{FAILURE: 0x0110})
        return receipt(scripted, STORED, second)

    scripted.script = script
    one, two = sent(scripted_pacs, seg, second)
    assert (one.is_stored, two.is_stored) == (False, True)


def test_a_redirect_is_not_written_to(scripted, scripted_pacs, seg):
    place = {"Location": "/elsewhere"}
    scripted.script = lambda _: scripted.reply(b"", 307, headers=place)
    (stored,) = sent(scripted_pacs, seg)
    assert_matches("wants to be written to at another place", stored.outcome.failure)
    assert len(scripted.asked) == 1


def test_a_scan_is_never_sent_nor_what_stands_beside_it(
    scripted, scripted_pacs, seg, phantom_series
):
    scan = phantom_series / "slice_0001.dcm"
    with pytest.raises(InputRefusedError, match=r"slice_0001.dcm: covseg sends only"):
        sent(scripted_pacs, seg, scan)
    assert scripted.asked == []


def test_a_scan_that_covseg_imagined_is_never_sent(
    scripted, scripted_pacs, blocks, tmp_path
):
    synthetic = replace(blocks.ct, source=replace(blocks.ct.source, is_synthetic=True))
    path, *_ = write_dicom_series(synthetic, tmp_path / "whatif")
    with pytest.raises(InputRefusedError, match="nothing was sent"):
        sent(scripted_pacs, path)
    assert scripted.asked == []


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"Manufacturer": "someone else"}, "covseg sends only"),
        ({"SOPClassUID": RTStructureSetStorage}, "covseg sends only"),
        ({"SeriesDescription": "SYNTHETIC Lung infection"}, "of a synthetic scan"),
        ({"StudyInstanceUID": ""}, "lacks the UIDs that a PACS files it by"),
    ],
)
def test_what_others_made_or_nobody_measured_is_not_sent(
    scripted, scripted_pacs, seg, elements, sentence
):
    with pytest.raises(InputRefusedError, match=sentence):
        sent(scripted_pacs, changed(seg, "changed.dcm", **elements))
    assert scripted.asked == []


def test_what_is_no_dicom_is_not_sent(scripted, scripted_pacs, tmp_path):
    (tmp_path / "notes.txt").write_text("Doe^Jane")
    for name in ("notes.txt", "absent.dcm"):
        with pytest.raises(InputRefusedError, match=name) as told:
            sent(scripted_pacs, tmp_path / name)
        assert "Doe" not in str(told.value)
        assert str(tmp_path) not in str(told.value)
    assert scripted.asked == []


def test_a_giant_is_not_read(scripted_pacs, seg, monkeypatch):
    monkeypatch.setattr(sendable, "MAX_BYTES", 1000)
    with pytest.raises(InputRefusedError, match="more than 1000 bytes"):
        sent(scripted_pacs, seg)

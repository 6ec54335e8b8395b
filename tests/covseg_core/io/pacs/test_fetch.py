"""Transfers that break, servers that send something else, and folders in use."""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from covseg_core.errors import OutputError, UsageError
from covseg_core.io.pacs import fetch, multipart
from covseg_core.io.pacs.failures import PacsError
from covseg_core.steps import result_of

STUDY, SERIES, INSTANCE, NUMBER = "0020000D", "0020000E", "00080018", "00200013"
IMAGES = "00201209"
KIND = 'multipart/related; type="application/dicom"; boundary="{}"'


def part_of(content, boundary="b-1"):
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + content + f"\r\n--{boundary}--\r\n".encode()


class Archive:
    """A series on the scripted server, whose answers a test may bend."""

    def __init__(self, server, folder):
        self.server = server
        self.files = {}
        for path in sorted(folder.iterdir()):
            header = dcmread(path, stop_before_pixels=True)
            self.files[str(header.SOPInstanceUID)] = path.read_bytes()
        self.study, self.series = header.StudyInstanceUID, header.SeriesInstanceUID
        self.stated = len(self.files)
        self.listed = list(self.files)
        self.bend = lambda _uid, reply: reply
        self.images_asked = Counter()
        server.script = self.script

    def script(self, asked):
        if asked.path.endswith("/series"):
            facts = {STUDY: self.study, SERIES: self.series}
            stated = {IMAGES: self.stated} if self.stated is not None else {}
            return self.server.json(facts | stated)
        if asked.path.endswith("/instances"):
            items = [
                {INSTANCE: uid, NUMBER: at + 1} for at, uid in enumerate(self.listed)
            ]
            start = int(asked.query["offset"])
            return self.server.json(*items[start : start + int(asked.query["limit"])])
        uid = asked.path.rpartition("/")[2]
        self.images_asked[uid] += 1
        reply = self.server.reply(part_of(self.files[uid]), kind=KIND.format("b-1"))
        return self.bend(uid, reply)

    def bend_number(self, number, act):
        """Bend the answer for one image, counted from 0."""
        wanted = self.listed[number]
        self.bend = lambda uid, reply: act(reply) if uid == wanted else reply


@pytest.fixture
def archive(scripted, phantom_series):
    return Archive(scripted, phantom_series)


@pytest.fixture
def fetched(archive, scripted_pacs, tmp_path):
    """Fetch the series of the archive to ``tmp_path / "ct"``."""

    def call():
        steps = scripted_pacs.fetch_series(
            archive.study, archive.series, tmp_path / "ct"
        )
        return result_of(steps)

    return call


def refused(sentence, fetched, tmp_path):
    with pytest.raises(PacsError, match=sentence) as told:
        fetched()
    assert not (tmp_path / "ct").exists()
    assert told.value.__context__ is None


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_images_come_one_by_one_and_are_counted(archive, scripted_pacs, tmp_path):
    steps = scripted_pacs.fetch_series(archive.study, archive.series, tmp_path / "ct")
    first, *counted = list(steps)
    assert first.total == 0
    total = len(archive.files)
    assert [(one.done, one.total) for one in counted] == [
        (done, total) for done in range(total + 1)
    ]
    assert set(archive.images_asked.values()) == {1}


def test_files_stand_in_the_order_of_their_numbers(archive, fetched, tmp_path):
    archive.listed.reverse()
    fetched()
    files = files_of(tmp_path / "ct")
    assert [files[name] for name in sorted(files)] == [
        archive.files[uid] for uid in archive.listed
    ]


def test_a_stopped_transfer_leaves_no_folder_and_goes_on(
    archive, scripted_pacs, fetched, tmp_path
):
    steps = scripted_pacs.fetch_series(archive.study, archive.series, tmp_path / "ct")
    while next(steps).done < 3:
        pass
    steps.close()
    assert not (tmp_path / "ct").exists()
    result = fetched()
    assert (result.images, result.kept) == (len(archive.files), 3)
    assert set(archive.images_asked.values()) == {1}
    assert sorted(files_of(tmp_path / "ct").values()) == sorted(archive.files.values())
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_a_transfer_that_was_stopped_while_it_got_its_name_goes_on(
    archive, fetched, tmp_path
):
    fetched()
    (tmp_path / "ct").rename(tmp_path / ".ct.covseg-part")
    archive.images_asked.clear()
    # One image more has come to the PACS, before the others.
    path = tmp_path / "more.dcm"
    path.write_bytes(archive.files[archive.listed[0]])
    more = dcmread(path)
    more.SOPInstanceUID = more.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    more.save_as(path)
    archive.files[more.SOPInstanceUID] = path.read_bytes()
    archive.listed.insert(0, str(more.SOPInstanceUID))
    archive.stated += 1
    result = fetched()
    assert result.kept == result.images - 1
    assert list(archive.images_asked) == [more.SOPInstanceUID]
    files = files_of(tmp_path / "ct")
    assert [files[name] for name in sorted(files)] == [
        archive.files[uid] for uid in archive.listed
    ]


def test_leftovers_of_another_series_are_not_taken_for_ours(archive, fetched, tmp_path):
    part = tmp_path / ".ct.covseg-part"
    part.mkdir()
    path = part / "image_0001.dcm"
    path.write_bytes(archive.files[archive.listed[0]])
    other = dcmread(path)
    other.SeriesInstanceUID = generate_uid()
    other.save_as(path)
    (part / ".covseg-0123.dcm").write_bytes(b"half an image")
    assert fetched().kept == 0
    assert sorted(files_of(tmp_path / "ct").values()) == sorted(archive.files.values())


def test_an_image_that_the_pacs_has_no_longer_is_not_kept(
    archive, scripted_pacs, fetched, tmp_path
):
    steps = scripted_pacs.fetch_series(archive.study, archive.series, tmp_path / "ct")
    while next(steps).done < 2:
        pass
    steps.close()
    gone = archive.files.pop(archive.listed.pop(0))
    archive.stated -= 1
    assert fetched().kept == 1
    came = files_of(tmp_path / "ct")
    assert sorted(came.values()) == sorted(archive.files.values())
    assert gone not in came.values()


def test_an_image_that_lies_there_twice_is_kept_once(archive, fetched, tmp_path):
    part = tmp_path / ".ct.covseg-part"
    part.mkdir()
    for name in ("image_0001.dcm", "image_0002.dcm"):
        (part / name).write_bytes(archive.files[archive.listed[0]])
    assert fetched().kept == 1
    came = files_of(tmp_path / "ct")
    assert sorted(came.values()) == sorted(archive.files.values())


def test_an_image_of_another_study_is_not_taken_for_ours(archive, fetched, tmp_path):
    part = tmp_path / ".ct.covseg-part"
    part.mkdir()
    path = part / "image_0001.dcm"
    path.write_bytes(archive.files[archive.listed[0]])
    other = dcmread(path)
    other.StudyInstanceUID = generate_uid()
    other.save_as(path)
    assert fetched().kept == 0


def test_a_cut_image_is_fetched_again(archive, fetched):
    answers = iter([100, 1000])
    archive.bend_number(2, lambda reply: replace(reply, sent=next(answers, None)))
    assert fetched().images == len(archive.files)
    assert archive.images_asked[archive.listed[2]] == 3


@pytest.mark.parametrize("with_length", [True, False])
def test_an_image_that_is_always_cut_is_told(archive, fetched, tmp_path, with_length):
    def cut(reply):
        return replace(reply, sent=len(reply.body) - 5, with_length=with_length)

    archive.bend_number(2, cut)
    refused("ended the connection before its answer was whole", fetched, tmp_path)
    assert archive.images_asked[archive.listed[2]] == 3
    assert len(list((tmp_path / ".ct.covseg-part").iterdir())) == 2


def test_an_image_of_another_series_is_refused(archive, fetched, tmp_path):
    other = archive.files[archive.listed[0]]
    archive.bend_number(2, lambda reply: replace(reply, body=part_of(other)))
    refused("sent an image of another series than was asked for", fetched, tmp_path)
    assert len(list((tmp_path / ".ct.covseg-part").iterdir())) == 2


def test_an_image_that_moved_to_another_series_is_refused(archive, fetched, tmp_path):
    path = tmp_path / "moved.dcm"
    path.write_bytes(archive.files[archive.listed[2]])
    moved = dcmread(path)
    moved.SeriesInstanceUID = generate_uid()
    moved.save_as(path)
    body = part_of(path.read_bytes())
    archive.bend_number(2, lambda reply: replace(reply, body=body))
    refused("sent an image of another series than was asked for", fetched, tmp_path)


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (b"<html>Log in</html>", "text/html", "answered with text/html where a DICOM"),
        (part_of(b"<html>"), KIND.format("b-1"), "sent something that is no DICOM"),
        (part_of(b""), KIND.format("b-1"), "sent something that is no DICOM file"),
        (part_of(b"\0" * 128 + b"DICM" + b"\xff" * 99), KIND.format("b-1"), "no DICOM"),
        (part_of(b"x")[:-4] + b"\r\n" + part_of(b"x"), KIND.format("b-1"), "several"),
        (b"x" * 100_000, KIND.format("b-1"), "has no beginning"),
        (b"x", "multipart/related", "answered with multipart/related where"),
        (b"", "", "where a DICOM image was expected"),
    ],
)
def test_what_is_no_image_is_told(archive, fetched, tmp_path, body, kind, sentence):
    archive.bend_number(1, lambda reply: replace(reply, body=body, kind=kind))
    refused(sentence, fetched, tmp_path)


def test_a_bare_image_is_taken_if_its_end_is_known(archive, fetched, tmp_path):
    def bare(reply, with_length=True):
        body = archive.files[archive.listed[1]]
        return replace(
            reply, body=body, kind="application/dicom", with_length=with_length
        )

    archive.bend_number(1, lambda reply: bare(reply, with_length=False))
    refused("where a DICOM image was expected", fetched, tmp_path)
    archive.bend_number(1, bare)
    assert fetched().images == len(archive.files)


def test_an_image_that_is_too_large_is_not_kept(
    archive, fetched, tmp_path, monkeypatch
):
    monkeypatch.setattr(multipart, "MAX_FILE_BYTES", 1000)
    refused("sent more than 1000 bytes", fetched, tmp_path)
    assert list((tmp_path / ".ct.covseg-part").iterdir()) == []


@pytest.mark.parametrize("stated", [3, 10_000])
def test_a_list_that_is_not_as_long_as_stated_is_refused(
    archive, fetched, tmp_path, stated
):
    archive.stated = stated
    refused(f"tells of {stated} images in that series, but lists", fetched, tmp_path)
    assert not archive.images_asked


def test_a_server_that_states_no_number_is_believed(archive, fetched):
    archive.stated = None
    assert fetched().images == len(archive.files)


def test_a_list_with_something_else_than_uids_is_refused(archive, fetched, tmp_path):
    archive.listed[1] = "../../../admin"
    refused("something without a proper UID", fetched, tmp_path)


def test_a_folder_in_use_is_left_alone(archive, fetched, tmp_path):
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="'ct' is there already; give a new or empty"):
        fetched()
    assert [path.name for path in (tmp_path / "ct").iterdir()] == ["mine.txt"]
    assert not archive.images_asked


def test_a_file_is_no_folder(archive, fetched, tmp_path):
    (tmp_path / "ct").write_text("mine")
    with pytest.raises(UsageError, match="'ct' is there already"):
        fetched()


def test_an_empty_folder_is_filled(fetched, tmp_path):
    (tmp_path / "ct").mkdir()
    assert fetched().images == len(files_of(tmp_path / "ct"))


def test_a_full_disk_is_told_and_what_came_is_kept(
    archive, fetched, tmp_path, monkeypatch
):
    write, images = fetch._write, iter(range(2))

    def full(answer, path):
        if next(images, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(answer, path)

    with monkeypatch.context() as patched:
        patched.setattr(fetch, "_write", full)
        with pytest.raises(OutputError, match="the disk is full"):
            fetched()
    assert not (tmp_path / "ct").exists()
    assert fetched().kept == 2


@pytest.mark.parametrize("word", ["", "1.2/../..", "1.2?x=y", "1" * 65])
def test_a_series_is_a_uid(scripted, scripted_pacs, tmp_path, word):
    with pytest.raises(UsageError, match="--series must be a UID"):
        result_of(scripted_pacs.fetch_series("1.2", word, tmp_path / "ct"))
    assert scripted.asked == []

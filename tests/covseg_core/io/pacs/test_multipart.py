"""A file comes out of an answer the same however the answer is cut into pieces."""

from __future__ import annotations

import pytest

from covseg_core.io.pacs.multipart import Upload, file_in

CONTENT = b"\r\n--b\r\n--b- not the end --\r\n\r\n--b-" * 3


class Pieces:
    """An answer that comes in pieces of one length."""

    host, has_known_end = "pacs.example", True

    def __init__(self, body, length, kind):
        self.body, self.length, self.content_type = body, length, kind

    def chunks(self, _most):
        for start in range(0, len(self.body), self.length):
            yield self.body[start : start + self.length]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 10_000])
def test_pieces_of_any_length_make_the_same_file(length):
    upload = Upload(CONTENT)
    body = b"some preamble\r\n" + b"".join(upload) + b"an epilogue"
    answer = Pieces(body, length, upload.content_type)
    assert b"".join(file_in(answer)) == CONTENT


def test_an_upload_is_as_long_as_it_says():
    upload = Upload(b"x" * 3_000_000)
    assert len(upload) == sum(map(len, upload))
    assert max(map(len, upload)) == 1 << 20


def test_no_two_uploads_share_their_boundary():
    assert Upload(b"").content_type != Upload(b"").content_type

"""A PACS that does what a test tells it to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from covseg_core.io.dicom import read_dicom
from covseg_core.io.dicom.seg_write import write_dicom_seg
from covseg_core.io.dicom.write import write_dicom_series
from covseg_core.io.mask_origin import MaskOrigin, TracedMask
from covseg_core.io.pacs.client import open_pacs
from covseg_core.io.pacs.connection import PacsSettings
from covseg_core.io.pacs.credentials import Credentials
from covseg_core.volume import LesionMask

USER, PASSWORD = "reader", "not-for-anyone-to-see"
MODEL = MaskOrigin("model", "infnet-multi-small", "5" * 64)


@dataclass
class Reply:
    """What the scripted PACS answers; bytes beyond `sent` are promised, not sent."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/dicom+json"
    headers: dict = field(default_factory=dict)
    sent: int | None = None
    with_length: bool = True


@dataclass
class Asked:
    """What it was asked."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes


class Scripted(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        parts = urlsplit(self.path)
        query = {key: words[0] for key, words in parse_qs(parts.query).items()}
        asked = Asked(
            self.command, parts.path, query, dict(self.headers), self.rfile.read(length)
        )
        self.server.asked.append(asked)
        reply = self.server.script(asked)
        if reply is None:
            self.server.over.wait(20)
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        if reply.with_length:
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: reply.sent])

    do_POST = do_GET

    def log_message(self, *_):
        pass


def as_json(*datasets) -> Reply:
    """Data sets of ``{tag: value}``, with lists as they are."""
    document = [
        {tag: {"Value": v if isinstance(v, list) else [v]} for tag, v in one.items()}
        for one in datasets
    ]
    return Reply(json.dumps(document).encode())


@pytest.fixture
def scripted():
    """A server on loopback; set its `script`, see what it was `asked`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.daemon_threads = True
    server.asked, server.over = [], threading.Event()
    server.script = lambda _asked: Reply(b"[]")
    server.url = f"http://127.0.0.1:{server.server_port}/dicom-web"
    server.reply, server.json = Reply, as_json
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def login():
    return Credentials(user=USER, password=PASSWORD)


@pytest.fixture
def scripted_pacs(scripted, login):
    """The scripted server, opened with a login."""
    settings = PacsSettings(url=scripted.url, retry_s=0)
    with open_pacs(settings, login) as pacs:
        yield pacs


@pytest.fixture
def impatient_pacs(scripted, login):
    """The same, for servers that stay silent."""
    settings = PacsSettings(url=scripted.url, timeout_s=0.3, retry_s=0)
    with open_pacs(settings, login) as pacs:
        yield pacs


@pytest.fixture
def real_pacs(pacs):
    """The real PACS, opened with its user's login."""
    login = Credentials(user=pacs.user, password=pacs.password)
    with open_pacs(PacsSettings(url=pacs.url), login) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody_logged_in(memory_keyring, monkeypatch):
    """No test sees the keyring or the login of who runs it."""
    for name in ("USER", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"COVSEG_PACS_{name}", raising=False)


@pytest.fixture(scope="session")
def phantom_series(blocks, tmp_path_factory):
    """The block phantom as a DICOM series."""
    folder = tmp_path_factory.mktemp("pacs") / "series"
    write_dicom_series(blocks.ct, folder, series_description="Thorax 5 mm")
    return folder


@pytest.fixture(scope="session")
def seg_of():
    """Write a segmentation of the scan in a folder: ground glass where air is."""

    def write(folder, path):
        ct = read_dicom(folder)
        lesions = LesionMask((ct.hu < -600).astype("uint8"), ct.grid)
        write_dicom_seg(path, ct, [TracedMask(lesions, MODEL)])
        return path

    return write


@pytest.fixture(scope="session")
def phantom_seg(phantom_series, seg_of, tmp_path_factory):
    """A segmentation of the block phantom, written once."""
    return seg_of(phantom_series, tmp_path_factory.mktemp("pacs") / "seg.dcm")

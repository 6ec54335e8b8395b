"""What the tests of the core share: phantoms, storage orders, tiny models, a PACS."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from covseg_core.phantom import PhantomSettings, make_block_phantom, make_phantom
from covseg_core.phantom.disturbances import stored_otherwise

TINY = {
    "backbone": "regnety_002",
    "channels": 8,
    "edge_channels": 8,
    "ra_channels": (16, 16, 16),
}


@pytest.fixture(scope="session")
def blocks():
    """Two lungs of 600 and 400 ml in a body of boxes; see `make_block_phantom`."""
    return make_block_phantom()


@pytest.fixture(scope="session")
def chest():
    """The chest that looks like a patient's, on coarse voxels."""
    return make_phantom(
        PhantomSettings(slices=32, slice_mm=7.5, pixels=128, pixel_mm=2.8)
    )


@pytest.fixture
def stored():
    """Store a volume in another order of its voxels; see `stored_otherwise`."""
    return stored_otherwise


@pytest.fixture(scope="session")
def one_thread():
    """Small networks are slower on many threads, and far slower on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny():
    """Arguments of the smallest Inf-Net that tests can wait for."""
    return dict(TINY)


@pytest.fixture(scope="session")
def dicom_errors():
    """List what the validator of Debian's dicom3tools calls an error in a file."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (package dicom3tools) is not installed")

    def errors(path):
        told = subprocess.run(
            [program, "-new", path], capture_output=True, text=True, check=False
        )
        lines = (told.stdout + told.stderr).splitlines()
        assert lines, "the validator said nothing"
        return [line for line in lines if "Error" in line]

    return errors


@pytest.fixture(scope="session")
def dcmqi():
    """Run a program of dcmqi: its name, then its options by name."""
    beside = Path(sys.executable).parent
    path = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
    if shutil.which("tid1500reader", path=path) is None:
        pytest.skip("dcmqi is not installed")

    def run(name, **options):
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        program = shutil.which(name, path=path)
        subprocess.run([program, *words], capture_output=True, check=True)

    return run


@dataclass(frozen=True)
class RunningPacs:
    """A real PACS on this machine alone, with one user."""

    server: str
    user: str
    password: str

    @property
    def url(self):
        """Address of its DICOMweb service."""
        return f"{self.server}/dicom-web"

    def ask(self, path, method="GET", content=None):
        """Use its own interface, which is not DICOMweb."""
        login = b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = Request(self.server + path, content, method=method)
        request.add_header("Authorization", f"Basic {login}")
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def put(self, folder):
        """Have it know every file of a folder."""
        for path in sorted(folder.glob("*.dcm")):
            self.ask("/instances", "POST", path.read_bytes())

    def clear(self):
        """Have it forget everything."""
        for study in self.ask("/studies"):
            self.ask(f"/studies/{study}", "DELETE")


@pytest.fixture(scope="session")
def running_pacs(tmp_path_factory):
    """An Orthanc of the tests' own; skips where it is not installed."""
    program = shutil.which("Orthanc")
    plugin = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
    if program is None or not plugin.exists():
        pytest.skip("Orthanc and its DICOMweb plugin are not installed")
    folder = tmp_path_factory.mktemp("orthanc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pacs = RunningPacs(f"http://127.0.0.1:{port}", "reader", "Sesam-öffne-dich 1")
    config = {
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {pacs.user: pacs.password},
        "DicomServerEnabled": False,
        "ExecuteLuaEnabled": False,
        "Plugins": [str(plugin)],
        "StorageDirectory": str(folder / "images"),
        "IndexDirectory": str(folder / "images"),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [program, str(folder / "config.json")], stdout=log, stderr=log
        )
    try:
        _wait_for(pacs, process)
        yield pacs
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(pacs, process):
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            pacs.ask("/system")
        except (OSError, ValueError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("Orthanc did not start")


@pytest.fixture
def pacs(running_pacs):
    """The PACS, empty."""
    running_pacs.clear()
    return running_pacs


@pytest.fixture
def memory_keyring():
    """A keyring of the test's own, so that none sees the user's; see its `kept`."""
    keyring = pytest.importorskip("keyring")
    from keyring.errors import PasswordDeleteError

    class MemoryKeyring(keyring.backend.KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            if self.kept.pop((service, username), None) is None:
                raise PasswordDeleteError("there is none")

    ring, before = MemoryKeyring(), keyring.get_keyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)

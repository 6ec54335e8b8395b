"""What may never enter the repository: scans, machine paths, big files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 13_000_000
DICOM_FOLDERS = ("sample_data/", "tests/")
DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")

# Put together from parts, so that this file does not find itself.
MACHINE_PATH = re.compile(rb"(?<![\w.-])/" + rb"(?:work|root)/\w")
REGISTRY_HOSTS = [
    ".".join(parts).encode()
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("registry", "npmjs", "org"),
    )
]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file that git tracks or would add."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = [ROOT / name for name in listing.split("\0") if name]
    return [path for path in paths if path.is_file()]


def is_text(content: bytes) -> bool:
    return b"\0" not in content[:8192]


def is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(132)
    return path.suffix.lower() in DICOM_SUFFIXES or head[128:] == b"DICM"


def names(paths) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def test_git_lists_the_files_of_the_project(files):
    assert ROOT / "pyproject.toml" in files


def test_no_text_names_a_path_of_one_machine(files):
    texts = ((path, path.read_bytes()) for path in files)
    found = [p for p, text in texts if is_text(text) and MACHINE_PATH.search(text)]
    assert names(found) == []


def test_no_text_names_the_host_of_a_package_registry(files):
    found = [
        path
        for path in files
        if is_text(text := path.read_bytes())
        and any(host in text for host in REGISTRY_HOSTS)
    ]
    assert names(found) == []


def test_no_file_is_larger_than_13_mb(files):
    assert names(p for p in files if p.stat().st_size > LARGEST_BYTES) == []


def test_dicom_files_lie_only_in_sample_data_and_tests(files):
    dicom = names(path for path in files if is_dicom(path))
    assert [name for name in dicom if not name.startswith(DICOM_FOLDERS)] == []

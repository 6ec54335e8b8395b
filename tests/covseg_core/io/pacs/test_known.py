from __future__ import annotations

import json

import pytest

from covseg_core.errors import UsageError
from covseg_core.io.pacs.connection import PacsSettings
from covseg_core.io.pacs.known import add_known, find_known, read_known, remove_known

URL = "https://pacs.example/dicom-web"
SECRET = "not-for-anyone-to-see"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "home" / "pacs.json"


def test_a_name_stands_for_its_settings(file, tmp_path):
    settings = PacsSettings(url=URL, ca_file=tmp_path / "ca.pem", wado_prefix="wado")
    add_known(file, "clinic", settings)
    assert find_known(file, "clinic") == settings
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "pacs": {
            "clinic": {
                "url": URL,
                "ca_file": str(tmp_path / "ca.pem"),
                "wado_prefix": "wado",
            }
        }
    }


def test_an_address_needs_no_file(file):
    assert find_known(file, URL) == PacsSettings(url=URL)
    assert not file.exists()


def test_a_removed_name_is_unknown(file):
    add_known(file, "clinic", PacsSettings(url=URL))
    add_known(file, "archive", PacsSettings(url=URL))
    assert remove_known(file, "clinic").url == URL
    assert list(read_known(file)) == ["archive"]
    with pytest.raises(UsageError, match="called 'clinic'; there are archive"):
        find_known(file, "clinic")
    with pytest.raises(UsageError, match="no PACS is called 'clinic'"):
        remove_known(file, "clinic")


def test_where_no_name_was_given_that_is_told(file):
    with pytest.raises(UsageError, match=r"there is none yet\. Name one with"):
        find_known(file, "clinic")


@pytest.mark.parametrize("name", ["Clinic", "a b", "", "../x", "a" * 50])
def test_a_name_is_a_small_word(file, name):
    with pytest.raises(UsageError, match="must be of small letters"):
        add_known(file, name, PacsSettings(url=URL))
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "it is not what it should be"),
        (b"\xff", "it cannot be opened as text"),
        (b'{"pacs": {"clinic": {"url": 7}}}', "pacs.clinic.url is not what it"),
        (b'{"pacs": {"clinic": {}}}', "pacs.clinic.url is not what it should be"),
        (
            f'{{"pacs": {{"a": {{"url": "https://b:{SECRET}@c"}}}}}}'.encode(),
            "pacs.a.url is not what it should be",
        ),
        (
            f'{{"pacs": {{"a": {{"url": "{URL}", "password": "{SECRET}"}}}}}}'.encode(),
            "pacs.a.password is not what it should be",
        ),
        (b" " * 1_000_001, "it is not what it should be"),
    ],
)
def test_a_file_that_is_wrong_is_told_and_not_repeated(file, content, why):
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UsageError, match=why) as told:
        find_known(file, "clinic")
    assert SECRET not in str(told.value)
    assert told.value.__context__ is None
    assert str(file.parent) not in str(told.value)

"""`covseg pacs add`, `list`, `remove`, `login` and `logout`; nobody is talked to."""

from __future__ import annotations

import getpass
import io
import sys

import pytest

URL = "https://pacs.example/dicom-web"
SECRET = "not-for-anyone-to-see"


@pytest.fixture(autouse=True)
def kept(memory_keyring):
    """What is in the keyring, by service and origin."""
    return memory_keyring.kept


@pytest.fixture
def typed(monkeypatch):
    """Type at a terminal that does not show it."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def type_in(user, secret):
        monkeypatch.setattr(sys, "stdin", Terminal(f"{user}\n"))
        monkeypatch.setattr(getpass, "getpass", lambda _question: secret)

    return type_in


def test_a_name_is_given_listed_and_taken_away(covseg):
    assert covseg("pacs", "list").out.startswith("no PACS has a name yet")
    assert covseg("pacs", "add", "clinic", URL + "/").out == f"clinic is {URL}\n"
    assert covseg("pacs", "list").out == f"clinic          {URL}\n"
    assert covseg("pacs", "list", "--json").json == {"clinic": {"url": URL}}
    assert covseg("pacs", "remove", "clinic").out == "removed clinic\n"
    assert covseg("pacs", "list", "--json").json == {}


def test_how_it_is_reached_is_kept(covseg):
    words = "--qido-prefix", "qido", "--no-verify-certificate", "--timeout-s", "5"
    assert covseg("pacs", "add", "clinic", URL, *words).code == 0
    assert covseg("pacs", "list", "--json").json == {
        "clinic": {
            "url": URL,
            "qido_prefix": "qido",
            "verify_certificate": False,
            "timeout_s": 5.0,
        }
    }


def test_an_address_with_a_login_is_refused_and_not_repeated(refused, covseg):
    for words in (("add", "clinic"), ("find",), ("login",)):
        line = refused(2, "pacs", *words, f"https://reader:{SECRET}@pacs.example/rs")
        assert "a user or password in it is refused" in line
        assert SECRET not in line
    url = f"https://reader:{SECRET}@pacs.example/rs"
    answer = covseg("pacs", "find", url, "--debug")
    assert SECRET not in answer.out + answer.err


def test_http_to_others_is_refused_at_once(refused):
    line = refused(2, "pacs", "add", "clinic", "http://pacs.example/rs")
    assert "say --insecure-http" in line


def test_certificates_that_are_none_are_refused_at_once(refused, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("none")
    line = refused(2, "pacs", "add", "clinic", URL, "--ca-file", path)
    assert "'ca.pem' is no file of certificates" in line


def test_a_login_is_kept_for_the_server_until_logout(covseg, typed, kept):
    covseg("pacs", "add", "clinic", URL)
    typed("reader", SECRET)
    answer = covseg("pacs", "login", "clinic")
    assert answer.code == 0
    assert answer.out == "the login for pacs.example is in the keyring\n"
    assert SECRET not in answer.out + answer.err
    (place,) = kept
    assert place == ("covseg pacs", "https://pacs.example:443")
    assert SECRET in kept[place]
    answer = covseg("pacs", "logout", "clinic")
    assert answer.out == "the login for pacs.example is out of the keyring\n"
    assert kept == {}
    answer = covseg("pacs", "logout", URL)
    assert answer.out == "there was no login for pacs.example\n"


def test_a_token_is_asked_for_alone(covseg, typed, kept):
    typed("", SECRET)
    assert covseg("pacs", "login", URL, "--token").code == 0
    assert list(kept.values()) == [f'{{"token": "{SECRET}"}}']


def test_a_removed_name_takes_its_login_along_unless_another_needs_it(
    covseg, typed, kept
):
    covseg("pacs", "add", "clinic", URL)
    covseg("pacs", "add", "archive", "https://pacs.example/archive")
    typed("reader", SECRET)
    covseg("pacs", "login", "clinic")
    covseg("pacs", "remove", "clinic")
    assert kept
    covseg("pacs", "remove", "archive")
    assert kept == {}


def test_a_login_is_asked_for_at_a_terminal_only(refused, monkeypatch, kept):
    monkeypatch.setattr(sys, "stdin", io.StringIO("reader\n"))
    line = refused(2, "pacs", "login", URL)
    assert "In scripts set COVSEG_PACS_USER and COVSEG_PACS_PASSWORD" in line
    assert kept == {}


def test_half_a_login_is_not_kept(covseg, typed, kept):
    typed("", SECRET)
    answer = covseg("pacs", "login", URL)
    assert answer.code == 2
    assert "covseg: a user needs a password" in answer.err
    assert SECRET not in answer.err
    assert kept == {}

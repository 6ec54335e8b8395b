from __future__ import annotations

import sys

import keyring
import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from covseg_core.errors import UsageError
from covseg_core.io.pacs.keyring_entry import forget, keep, recall

ORIGIN = "https://pacs.example:443"
SECRET = "not-for-anyone-to-see"


def refused(sentence, act, *words, **options):
    with pytest.raises(UsageError, match=sentence) as told:
        act(*words, **options)
    assert SECRET not in str(told.value)
    assert told.value.__context__ is None


def test_a_kept_login_comes_back_until_it_is_forgotten(memory_keyring):
    assert recall(ORIGIN) is None
    keep(ORIGIN, user="reader", password=SECRET)
    assert list(memory_keyring.kept) == [("covseg pacs", ORIGIN)]
    assert recall(ORIGIN) == {"user": "reader", "password": SECRET}
    assert forget(ORIGIN)
    assert not forget(ORIGIN)
    assert recall(ORIGIN) is None


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_a_computer_without_a_keyring_says_what_to_do(backend):
    keyring.set_keyring(backend())
    refused("has no keyring that can be used. Set COVSEG_PACS", keep, ORIGIN, token="t")
    assert recall(ORIGIN) is None
    assert not forget(ORIGIN)


def test_a_keyring_in_a_plain_file_is_refused(memory_keyring, monkeypatch):
    monkeypatch.setattr(type(memory_keyring), "__module__", "keyrings.alt.file")
    refused("is a plain file", keep, ORIGIN, user="reader", password=SECRET)
    assert not memory_keyring.kept


@pytest.mark.parametrize("error", [KeyringLocked, ConnectionRefusedError])
def test_a_keyring_that_does_not_open_is_told(memory_keyring, monkeypatch, error):
    def closed(*_):
        raise error(SECRET)

    monkeypatch.setattr(memory_keyring, "get_password", closed)
    refused("Unlock the keyring", recall, ORIGIN)
    refused("has no keyring that can be used", keep, ORIGIN, token="t")
    assert not forget(ORIGIN)


@pytest.mark.parametrize(
    "entry", [SECRET, f'["{SECRET}"]', f'{{"key": "{SECRET}"}}', '{"user": 7}']
)
def test_an_entry_of_another_program_is_told(memory_keyring, entry):
    memory_keyring.set_password("covseg pacs", ORIGIN, entry)
    refused("the login in the keyring cannot be read", recall, ORIGIN)


def test_without_the_extra_there_is_no_login(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert recall(ORIGIN) is None
    assert not forget(ORIGIN)
    refused("without its pacs extra", keep, ORIGIN, token="t")

from __future__ import annotations

import copy
import pickle

import pytest

from covseg_core.errors import UsageError
from covseg_core.io.pacs.credentials import Credentials, credentials_for
from covseg_core.io.pacs.keyring_entry import keep

ORIGIN = "https://pacs.example:443"
SECRET = "not-for-anyone-to-see"


def refused(sentence, act, *words, **options):
    with pytest.raises(UsageError, match=sentence) as told:
        act(*words, **options)
    assert SECRET not in str(told.value)
    assert told.value.__context__ is None


def test_a_login_does_not_show_itself():
    login = Credentials(user="reader", password=SECRET)
    assert SECRET not in f"{login} {login!r} {[login]}"
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(login)
    with pytest.raises(TypeError, match="not written anywhere"):
        copy.copy(login)


def test_a_password_of_any_alphabet_is_sent_as_utf8():
    # RFC 7617, section 2.1: user "test", password "123£".
    login = Credentials(user="test", password="123£")
    assert login.header() == "Basic dGVzdDoxMjPCow=="


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "a user with a password, or a token"),
        ({"user": "a", "password": SECRET, "token": "t"}, "or a token"),
        ({"user": "reader"}, "a user needs a password"),
        ({"password": SECRET}, "a password a user"),
        ({"user": "a:b", "password": SECRET}, "may not hold a colon"),
        ({"user": "a", "password": f"{SECRET}\r\nX: y"}, "a line end"),
        ({"token": f"{SECRET}\n"}, "holds signs that no token has"),
        ({"token": f"Bearer {SECRET}"}, "holds signs that no token has"),
    ],
)
def test_what_makes_no_login_is_refused(said, sentence):
    refused(sentence, Credentials, **said)


def test_the_environment_comes_before_the_keyring():
    keep(ORIGIN, token="kept")
    assert credentials_for(ORIGIN, {}).header() == "Bearer kept"
    said = {"COVSEG_PACS_TOKEN": "said"}
    assert credentials_for(ORIGIN, said).header() == "Bearer said"


def test_a_login_of_another_server_is_not_taken():
    keep(ORIGIN, user="reader", password=SECRET)
    assert credentials_for("https://pacs.example:8443", {}) is None


def test_half_a_login_and_two_logins_are_told():
    user, password = {"COVSEG_PACS_USER": "a"}, {"COVSEG_PACS_PASSWORD": SECRET}
    refused("a user needs a password", credentials_for, ORIGIN, user)
    refused("a password a user", credentials_for, ORIGIN, password)
    both = user | password | {"COVSEG_PACS_TOKEN": "t"}
    refused("but not both", credentials_for, ORIGIN, both)

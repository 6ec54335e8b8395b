from __future__ import annotations

import pytest
from pydantic import ValidationError

from covseg_core.errors import UsageError
from covseg_core.io.pacs.connection import (
    PacsSettings,
    checked_url,
    host_of,
    origin_of,
    require_safe,
)


@pytest.mark.parametrize(
    "url",
    ["https://reader:geheim@pacs.example/rs", "https://geheim@pacs.example", "//a:b@c"],
)
def test_a_login_in_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(UsageError, match="a user or password in it is refused") as told:
        checked_url(url)
    assert "geheim" not in str(told.value)
    with pytest.raises(ValidationError) as wrong:
        PacsSettings(url=url)
    assert "geheim" not in str(wrong.value)


@pytest.mark.parametrize(
    "url",
    [
        "pacs.example/rs",
        "ftp://pacs.example",
        "https:///rs",
        "https://pacs.example:port",
        "https://pacs.example/a b",
        "https://pacs.example/\r\nX: y",
        "https://pacs\\.example/",
        "https://päcs.example",
        "",
    ],
)
def test_what_is_no_address_is_told(url):
    with pytest.raises(UsageError, match=r"must look like https://pacs\.example\.org"):
        checked_url(url)


@pytest.mark.parametrize("url", ["https://a.example/rs?x=1", "https://a.example/#x"])
def test_an_address_ends_with_its_path(url):
    with pytest.raises(UsageError, match="must end with its path"):
        checked_url(url)


def test_an_address_loses_its_last_slash():
    assert checked_url("https://a.example/rs/") == "https://a.example/rs"


@pytest.mark.parametrize(
    "url", ["http://localhost:8042/rs", "http://127.0.0.9/rs", "http://[::1]:80/rs"]
)
def test_http_is_fine_on_this_computer(url):
    require_safe(PacsSettings(url=url))


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7/rs", "http://localhost.example/rs", "http://127.example"]
)
def test_http_to_others_must_be_asked_for(url):
    with pytest.raises(UsageError, match="say --insecure-http"):
        require_safe(PacsSettings(url=url))
    require_safe(PacsSettings(url=url, insecure_http=True))


def test_a_login_belongs_to_scheme_host_and_port():
    assert origin_of("https://PACS.example/rs") == "https://pacs.example:443"
    assert origin_of("https://pacs.example:443/other") == "https://pacs.example:443"
    assert origin_of("http://pacs.example/rs") != origin_of("https://pacs.example/rs")
    assert host_of("https://pacs.example:8443/rs") == "pacs.example:8443"


@pytest.mark.parametrize("prefix", ["rs?x", "a b", "rs#", "http://x"])
def test_a_prefix_is_a_path(prefix):
    with pytest.raises(ValidationError, match="must be a path"):
        PacsSettings(url="https://pacs.example", wado_prefix=prefix)

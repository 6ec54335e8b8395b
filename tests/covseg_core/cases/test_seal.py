from __future__ import annotations

import pytest

from covseg_core.cases.seal import digest_of, require_seal, seal, unsealed
from covseg_core.errors import InputRefusedError

DOCUMENT = {"b": [1, 2.5, None], "a": "naïve"}


def test_what_was_sealed_comes_back_with_its_hash():
    document, found = unsealed(seal(DOCUMENT), "it")
    assert document == DOCUMENT
    assert found == digest_of(DOCUMENT)
    require_seal(document, found, "it")


def test_order_does_not_count_and_every_value_does():
    assert digest_of({"a": "naïve", "b": [1, 2.5, None]}) == digest_of(DOCUMENT)
    assert digest_of(DOCUMENT | {"a": "naive"}) != digest_of(DOCUMENT)


def test_a_changed_value_breaks_the_seal():
    document, found = unsealed(seal(DOCUMENT).replace("2.5", "2.6"), "it")
    with pytest.raises(InputRefusedError, match="it is not what covseg wrote"):
        require_seal(document, found, "it")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cut or damaged"),
        ("", "cut or damaged"),
        ("[" * 100_000, "cut or damaged"),
        ("[1]", "has no named values"),
    ],
)
def test_what_is_no_document_is_refused(text, reason):
    with pytest.raises(InputRefusedError, match=f"it cannot be read: .*{reason}"):
        unsealed(text, "it")

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from covseg_core.io.mask_origin import MaskOrigin
from covseg_core.reports.severity.facts import Judgement
from covseg_core.reports.severity.methods import mask_words, methods_of


@pytest.fixture
def methods(block_report, block_facts):
    def make(**changes):
        return methods_of(block_report, replace(block_facts, **changes))

    return make


def test_references_are_numbered_in_the_order_in_which_they_are_cited(methods):
    made = methods(judgement=Judgement(co_rads=4, rsna="typical"))
    cited = re.findall(r"\[(\d+)\]", " ".join(made.paragraphs))
    first = list(dict.fromkeys(map(int, cited)))
    assert first == list(range(1, len(made.references) + 1))
    assert len(set(made.references)) == len(made.references) == 7


@pytest.mark.parametrize(
    "source",
    [
        r"Yang .*Radiology: Cardiothoracic Imaging 2\(2\), e200047, 2020",
        r"Pan .*Radiology 295\(3\), 715-721, 2020",
        r"Francone .*European Radiology 30, 6808-6817, 2020",
        r"Chaganti .*Radiology: Artificial Intelligence 2\(4\), e200048, 2020",
        r"Fan .*IEEE Transactions on Medical Imaging 39\(8\), 2626-2637, 2020",
    ],
)
def test_the_literature_of_every_score_is_cited(methods, source):
    assert any(re.search(source, reference) for reference in methods().references)


def test_a_readers_categories_are_cited_only_where_they_are_given(methods):
    assert not any("CO-RADS" in reference for reference in methods().references)
    made = methods(judgement=Judgement(co_rads=4))
    assert any("CO-RADS" in reference for reference in made.references)
    assert "is the reader's judgement" in " ".join(made.paragraphs)


def test_the_methods_name_model_weights_threshold_and_lungs(methods):
    words = " ".join(methods().paragraphs)
    assert "the model infnet-multi-small" in words
    assert f"SHA-256 of the weights: {'ab' * 32}." in words
    assert "probabilities above 0.5 count as infected" in words
    assert "The lungs were found by hu-threshold." in words
    assert re.search(r"covseg \d.*Python 3\.\d+.*numpy \d", words)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (None, "given as a file; who drew it is not known"),
        (MaskOrigin("manual"), "drawn by a reader"),
        (
            MaskOrigin("edited", "m", "c" * 64),
            f"outlined by the model m (weights {'c' * 12}), then corrected by a reader",
        ),
        (MaskOrigin("model"), "outlined by a model"),
    ],
)
def test_who_drew_the_mask_is_said_in_words(block_facts, origin, words):
    assert mask_words(replace(block_facts, origin=origin)) == words

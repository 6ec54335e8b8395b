from __future__ import annotations

import numpy as np
import pytest
import torch

from covseg_core.errors import UsageError
from covseg_core.inference.config import PredictSettings, UncertaintySettings
from covseg_core.inference.opinions import make_opinions
from covseg_core.inference.predict import make_outliner, make_slice_outliner
from covseg_core.labels import INFECTION
from covseg_core.models.network import SegmentationNetwork
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import load_model

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = PredictSettings(device="cpu", engine="torch", batch_size=2)
GREY = np.random.default_rng(5).uniform(0, 255, (3, 70, 50)).astype(np.float32)


class AlwaysTheSame(SegmentationNetwork):
    """Answers 0.3 everywhere, whatever it is shown."""

    label_set = INFECTION

    def forward(self, x):
        return torch.full_like(x[:, :1], 0.3)

    def probabilities(self, output):
        return output


class FlipsACoin(AlwaysTheSame):
    """Draws 0 or 1 for a whole batch."""

    def samples(self, x, n):
        answers = torch.randint(0, 2, (n, 1, 1, 1, 1)).float()
        return answers.expand(n, len(x), 1, *x.shape[2:])


class Half(FlipsACoin):
    """Draws 0 and 1 in turns."""

    def samples(self, x, n):
        answers = (torch.arange(n) % 2).float().view(n, 1, 1, 1, 1)
        return answers.expand(n, len(x), 1, *x.shape[2:])


def ask(model, **asked):
    """Settings as they were settled, and the mean of the opinions on GREY."""
    outline = make_slice_outliner(model, CPU)
    opinions = make_opinions(model, outline, CPU, UncertaintySettings(**asked))
    return opinions.settings, opinions.mean(GREY, outline(GREY, None))


def test_looks_that_agree_change_nothing_not_even_in_the_corners(model):
    settings, mean = ask(model(AlwaysTheSame), predictions=6)
    assert (settings.way, settings.predictions) == ("augment", 6)
    assert mean.shape == (3, 1, 70, 50)
    np.testing.assert_allclose(mean, 0.3, atol=1e-5)


def test_the_plain_answer_is_one_of_the_opinions(model):
    bright = model()
    outline = make_slice_outliner(bright, CPU)
    opinions = make_opinions(bright, outline, CPU, UncertaintySettings(predictions=2))
    plain = outline(GREY, None)
    # In the middle, two opinions count the same.
    middle = np.s_[:, :, 20:50, 15:35]
    change = opinions.mean(GREY, plain + 0.5) - opinions.mean(GREY, plain)
    np.testing.assert_allclose(change[middle], 0.25, atol=1e-4)


def test_every_look_is_tempered_and_no_draw_is(model):
    # Odds of 3 to 7 become their square root.
    odds = (3 / 7) ** 0.5
    _, mean = ask(model(AlwaysTheSame, temperature=2.0), predictions=6)
    np.testing.assert_allclose(mean, odds / (1 + odds), atol=1e-5)
    _, mean = ask(model(Half, temperature=2.0), way="samples", predictions=3)
    np.testing.assert_allclose(mean, 1 / 3, atol=1e-5)


def test_one_seed_gives_one_answer_and_another_seed_another(model):
    first, again, other = (ask(model(), seed=seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_network_that_can_draw_answers_is_asked_to(model):
    settings, mean = ask(model(Half), predictions=8)
    assert settings.way == "samples"
    np.testing.assert_allclose(mean, 0.5, atol=1e-5)
    settings, mean = ask(model(Half), predictions=8, way="augment")
    assert settings.way == "augment"
    np.testing.assert_allclose(mean, 0.3, atol=1e-5)


def test_draws_follow_from_the_seed_and_leave_other_random_numbers_alone(model):
    state = torch.random.get_rng_state()
    means = [ask(model(FlipsACoin), predictions=7, seed=seed)[1] for seed in (4, 4)]
    torch.testing.assert_close(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(*means)
    assert 0 < means[0].mean() < 1


def test_a_model_that_cannot_draw_is_refused_when_told_to(model):
    with pytest.raises(UsageError, match="bright cannot draw several answers; choose"):
        ask(model(), way="samples")


def test_a_model_without_network_has_no_uncertainty(blocks):
    baseline = load_model(find_model("hu-threshold"))
    outline = make_outliner(baseline, CPU, blocks.ct)
    with pytest.raises(UsageError, match="hu-threshold has no network, so it is never"):
        make_opinions(baseline, outline, CPU, UncertaintySettings())

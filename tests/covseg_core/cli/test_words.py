from __future__ import annotations

from covseg_core.cli.words import words_for
from covseg_core.learn import learn as learning
from covseg_core.training.config import TrainSettings
from covseg_core.transforms.augment_config import Augment


def test_what_is_usual_is_not_said():
    assert words_for(TrainSettings(), TrainSettings()) == []


def test_words_are_understood_as_the_settings_that_they_came_from(
    covseg, tmp_path, blocks, monkeypatch
):
    from covseg_core.cases.contribute import MaskStory, contribute
    from covseg_core.cases.store import CaseStore

    seen = []

    def no_learning(store, plan, *, resume):
        seen.append(plan.settings)
        yield from ()

    monkeypatch.setattr(learning, "learn", no_learning)
    store = CaseStore.create(tmp_path / "cases")
    contribute(store, blocks.ct, blocks.lesions, MaskStory("manual"))
    wanted = TrainSettings(
        epochs=40,
        balance=False,
        multi_scale=True,
        schedule="constant",
        augment=Augment(flip=0.25, upside_down=0.5),
    )
    words = words_for(wanted, TrainSettings().for_fine_tuning())
    answer = covseg("train", store.root, "--name", "new", *words)
    assert answer.code == 0, answer.err
    assert seen == [wanted]

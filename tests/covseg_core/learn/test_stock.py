from __future__ import annotations

from covseg_core.learn.stock import Stock, stock_of


def test_finished_cases_with_masks_of_people_count(store, blocks):
    assert stock_of(store.list_cases()) == Stock(2, 1, 1)
    store.set_state("train-0", "flagged")
    assert stock_of(store.list_cases()) == Stock(1, 1, 1)


def test_masks_of_models_do_not_count(tmp_path, blocks):
    from covseg_core.cases.store import CaseStore

    made = CaseStore.create(tmp_path / "other")
    made.add_case(blocks.ct, case_id="one", split="train")
    made.add_mask("one", blocks.lesions, source="model")
    made.set_state("one", "done")
    assert stock_of(made.list_cases()) == Stock()


def test_use_is_told():
    assert Stock(8, 2, 3).sentence == (
        "8 finished cases to learn from, 2 to choose the best weights, 3 held out to "
        "judge the new model."
    )
    assert Stock(1).sentence.startswith("1 finished case to learn from, none held out")
    assert Stock(0, 2, 3).sentence.startswith("There is no finished case to learn from")

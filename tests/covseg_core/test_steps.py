from __future__ import annotations

from covseg_core.steps import result_of


def test_every_step_is_taken_and_the_result_handed_on():
    taken = []

    def work():
        for step in range(3):
            taken.append(step)
            yield step
        return "done"

    assert result_of(work()) == "done"
    assert taken == [0, 1, 2]

from __future__ import annotations

from covseg_core.cases.attention import IDLE_SECONDS, Attention


def test_nothing_counts_before_the_first_sign_of_a_reader():
    assert Attention().seconds(1000) == 0


def test_time_between_signs_counts():
    clock = Attention()
    for now in (100, 110, 130):
        clock.touch(now)
    assert clock.seconds(135) == 35


def test_a_minute_without_a_sign_stops_the_clock():
    clock = Attention()
    clock.touch(0)
    assert clock.seconds(3600) == IDLE_SECONDS == 60
    clock.touch(3600)
    assert clock.seconds(3605) == 65


def test_time_at_another_case_does_not_count():
    clock = Attention()
    clock.touch(0)
    clock.rest(10)
    assert clock.seconds(500) == 10
    clock.touch(500)
    assert clock.seconds(507) == 17

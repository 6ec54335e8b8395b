from __future__ import annotations

import pytest

from napari_covseg.widgets._tour import STOPS, Tour


@pytest.fixture
def tour(qtbot) -> Tour:
    tour = Tour()
    qtbot.addWidget(tour)
    return tour


@pytest.fixture
def visited(tour) -> list[str]:
    visited: list[str] = []
    tour.wanted.connect(visited.append)
    return visited


def test_tour_begins_by_itself_once(tour, visited, qtbot):
    tour.begin_if_new()
    assert not tour.isHidden()
    tour.end.click()
    assert tour.isHidden()
    second = Tour()
    qtbot.addWidget(second)
    second.begin_if_new()
    assert second.isHidden()


def test_tour_leads_through_every_stop(tour, visited):
    tour.begin()
    for number, stop in enumerate(STOPS, start=1):
        assert f"{number} of {len(STOPS)} · {stop.step}" in tour.words.text()
        tour.next.click()
    assert visited == [stop.step for stop in STOPS]
    assert tour.isHidden()


def test_last_stop_says_that_it_is_the_last(tour):
    tour.begin()
    for _ in STOPS[1:]:
        assert tour.next.text() == "Next"
        tour.next.click()
    assert tour.next.text() == "Done"


def test_tour_that_was_seen_can_be_taken_again(tour, visited):
    tour.begin()
    tour.next.click()
    tour.end.click()
    tour.begin()
    assert not tour.isHidden()
    assert visited == ["Case", "Segment", "Case"]

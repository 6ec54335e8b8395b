from __future__ import annotations

from napari_covseg._screen.remembered import CASES, remember, remembered


def test_what_was_remembered_is_there_the_next_time(covseg_home):
    remember(CASES, "/somewhere/with spaces, and commas")
    assert remembered(CASES) == "/somewhere/with spaces, and commas"
    assert (covseg_home / "napari.ini").is_file()


def test_what_was_never_remembered_is_the_default(covseg_home):
    assert remembered("nothing") == ""
    assert remembered("nothing", "this") == "this"

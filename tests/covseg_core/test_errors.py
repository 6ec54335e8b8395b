from __future__ import annotations

import pytest

from covseg_core import errors
from covseg_core.errors import (
    CovsegError,
    GeometryError,
    InputRefusedError,
    ModelRefusedError,
    OutputError,
    SeriesChoiceError,
    UsageError,
)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_caught_as_one_of_ours(name):
    assert issubclass(getattr(errors, name), CovsegError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CovsegError, 1),
        (OutputError, 1),
        (UsageError, 2),
        (InputRefusedError, 3),
        (GeometryError, 3),
        (SeriesChoiceError, 3),
        (ModelRefusedError, 4),
    ],
)
def test_scripts_can_tell_the_errors_by_their_exit_code(error, code):
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (UsageError, ValueError),
        (InputRefusedError, ValueError),
        (GeometryError, ValueError),
        (ModelRefusedError, ValueError),
        (OutputError, OSError),
    ],
)
def test_an_error_is_also_the_built_in_that_callers_expect(error, built_in):
    with pytest.raises(built_in, match="too small"):
        raise error("too small")


def test_a_choice_of_series_lists_what_there_is():
    error = SeriesChoiceError("choose a series", ("5 mm", "1 mm"))
    assert str(error) == "choose a series"
    assert error.series == ("5 mm", "1 mm")

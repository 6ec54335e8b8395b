from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest
from pydantic import ValidationError

from covseg_core.settings import Settings, parameters_of, setting


class Plane(Enum):
    AXIAL = "axial"
    CORONAL = "coronal"


class Example(Settings):
    """Settings with one field of each kind."""

    slices: int = setting(40, "How many slices.", low=1, high=100)
    slice_mm: float = setting(5.0, "Their distance.", unit="mm", low=0.1)
    engine: Literal["torch", "openvino"] = setting("torch", "What computes.")
    plane: Plane = setting(Plane.AXIAL, "Which way to cut.")
    quick: bool = setting(False, "Leave the last step out.")
    limit: int | None = setting(None, "Stop after so many.", low=1)
    window_hu: tuple[float, float] = setting(
        (-1350.0, 150.0), "From and to.", unit="HU"
    )


@pytest.fixture
def parameters():
    return {parameter.name: parameter for parameter in parameters_of(Example)}


def test_parameters_come_in_the_order_of_declaration():
    assert [parameter.name for parameter in parameters_of(Example)] == [
        "slices",
        "slice_mm",
        "engine",
        "plane",
        "quick",
        "limit",
        "window_hu",
    ]


def test_a_parameter_knows_what_a_form_needs(parameters):
    slices = parameters["slices"]
    assert (slices.kind, slices.default) == (int, 40)
    assert (slices.low, slices.high) == (1, 100)
    assert slices.help == "How many slices."
    assert slices.unit == ""
    assert slices.choices == ()


def test_a_bound_may_be_left_out(parameters):
    assert (parameters["slice_mm"].low, parameters["slice_mm"].high) == (0.1, None)
    assert (parameters["quick"].low, parameters["quick"].high) == (None, None)


def test_a_title_leaves_the_unit_to_the_form(parameters):
    assert parameters["slice_mm"].title == "Slice"
    assert parameters["slice_mm"].unit == "mm"
    assert parameters["slices"].title == "Slices"


def test_a_closed_choice_lists_its_members(parameters):
    assert parameters["engine"].choices == ("torch", "openvino")
    assert parameters["engine"].kind is str
    assert parameters["plane"].choices == (Plane.AXIAL, Plane.CORONAL)
    assert parameters["plane"].kind is Plane


def test_an_optional_value_has_the_kind_and_bounds_of_its_value(parameters):
    assert parameters["limit"].kind is int
    assert parameters["limit"].low == 1
    assert parameters["limit"].default is None


def test_a_pair_is_a_tuple(parameters):
    assert parameters["window_hu"].kind is tuple


def test_defaults_are_those_that_were_declared(parameters):
    settings = Example()
    for name, parameter in parameters.items():
        assert getattr(settings, name) == parameter.default


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"slices": 0}, "greater than or equal to 1"),
        ({"slices": 101}, "less than or equal to 100"),
        ({"engine": "magic"}, "'torch' or 'openvino'"),
        ({"slice": 3}, "Extra inputs are not permitted"),
        ({"slices": "many"}, "valid integer"),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason(wrong, reason):
    with pytest.raises(ValidationError, match=reason):
        Example(**wrong)


def test_bounds_belong_to_the_range():
    assert (Example(slices=1).slices, Example(slices=100).slices) == (1, 100)


def test_settings_do_not_change_once_made():
    settings = Example()
    with pytest.raises(ValidationError, match="frozen"):
        settings.slices = 3


def test_settings_survive_a_trip_through_json():
    settings = Example(slices=7, plane=Plane.CORONAL, limit=3)
    assert Example.model_validate_json(settings.model_dump_json()) == settings

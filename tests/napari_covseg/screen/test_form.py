from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest
from qtpy.QtWidgets import QFormLayout, QLineEdit

from covseg_core.errors import UsageError
from covseg_core.inference.config import PredictSettings
from covseg_core.settings import Settings, parameters_of, setting
from covseg_core.transforms.prepare import Prepare
from napari_covseg._screen.form import SettingsForm


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Everything(Settings):
    """One parameter of each kind."""

    count: int = setting(3, "How many.", low=1, high=9)
    length_mm: float = setting(0.05, "How long.", unit="mm", low=0, high=2)
    rate: float = setting(1e-4, "How fast.")
    share: float | None = setting(None, "How much, or unset.", low=0, high=1)
    name: str = setting("auto", "What it is called.")
    thorough: bool = setting(True, "Whether to look twice.")
    mode: Literal["quick", "slow"] = setting("slow", "In which way.")
    colour: Colour = setting(Colour.BLUE, "In which colour.")


@pytest.fixture
def form(qtbot) -> SettingsForm[Everything]:
    form = SettingsForm(Everything)
    qtbot.addWidget(form)
    return form


def test_untouched_form_reads_the_defaults(form):
    assert form.read() == Everything()


def test_untouched_form_of_prediction_reads_the_defaults(qtbot):
    form = SettingsForm(PredictSettings)
    qtbot.addWidget(form)
    assert form.read() == PredictSettings()


def test_form_follows_the_device_of_the_environment(qtbot, monkeypatch):
    monkeypatch.setenv("COVSEG_DEVICE", "cuda:1")
    form = SettingsForm(PredictSettings, {"device": ("auto", "cpu")})
    qtbot.addWidget(form)
    assert form.read().device == "cuda:1"


def test_form_reads_back_what_it_was_shown(form):
    wanted = Everything(
        count=7,
        length_mm=1.25,
        rate=0.003,
        share=0.0,
        name="lungs",
        thorough=False,
        mode="quick",
        colour=Colour.RED,
    )
    form.show_settings(wanted)
    assert form.read() == wanted


def test_every_row_has_a_title_and_a_tooltip(form):
    rows = form.findChild(QFormLayout)
    for parameter in parameters_of(Everything):
        control = form.control(parameter.name)
        label = rows.labelForField(control)
        assert label.text() == parameter.title
        assert control.toolTip() == label.toolTip() == parameter.help


def test_numbers_keep_to_their_bounds_and_show_their_unit(form):
    count, length = form.control("count"), form.control("length_mm")
    count.setValue(100)
    assert form.read().count == 9
    assert (length.minimum(), length.maximum()) == (0, 2)
    assert length.text() == "0.05 mm"


def test_small_number_is_shown_without_zeros(form):
    assert form.control("rate").text() == "0.0001"


def test_number_that_may_be_unset_says_automatic(form):
    share = form.control("share")
    assert share.text() == "automatic"
    share.setValue(0.4)
    assert form.read().share == pytest.approx(0.4)
    share.setValue(share.minimum())
    assert form.read().share is None


def test_choices_are_those_of_the_settings(form):
    mode = form.control("mode")
    assert [mode.itemText(row) for row in range(mode.count())] == ["quick", "slow"]


def test_refused_value_names_its_row(qtbot):
    form = SettingsForm(PredictSettings, {"device": ("auto", "cpu", "cuda")})
    qtbot.addWidget(form)
    form.control("device").setCurrentText("abacus")
    with pytest.raises(UsageError, match="Device cannot be 'abacus'"):
        form.read()


def test_parameter_without_a_control_is_named(qtbot):
    with pytest.raises(TypeError, match="no control for 'mean', which is a tuple"):
        SettingsForm(Prepare)


def test_form_of_some_parameters_leaves_the_others_as_they_are(qtbot):
    form = SettingsForm(PredictSettings, names=("batch_size", "threshold"))
    qtbot.addWidget(form)
    form.control("batch_size").setValue(3)
    assert form.values() == {"batch_size": 3, "threshold": None}
    assert form.read() == PredictSettings(batch_size=3)
    with pytest.raises(KeyError, match="engine"):
        form.control("engine")


def test_rows_stand_in_the_order_of_the_names_below_what_leads(qtbot):
    form = SettingsForm(Everything, names=("rate", "count"))
    qtbot.addWidget(form)
    first = QLineEdit()
    first.setToolTip("Before all others.")
    form.lead("First", first, 0)
    rows = form.findChild(QFormLayout)
    titles = [
        rows.itemAt(row, QFormLayout.ItemRole.LabelRole).widget()
        for row in range(rows.rowCount())
    ]
    assert [title.text() for title in titles] == ["First", "Rate", "Count"]
    assert titles[0].toolTip() == "Before all others."
    assert titles[0].buddy() is first


@pytest.mark.parametrize(("high", "step"), [(2, 0.1), (0.95, 0.05), (900, 50)])
def test_arrows_go_by_round_steps(qtbot, high, step):
    class Bounded(Settings):
        share: float = setting(0.5, "How much.", low=0, high=high)

    form = SettingsForm(Bounded)
    qtbot.addWidget(form)
    assert form.control("share").singleStep() == pytest.approx(step)

"""A form made from a settings class: one row per parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from covseg_core.errors import UsageError
from covseg_core.settings import Parameter, Settings, parameters_of
from napari_covseg._screen.rows import add_row, form_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["SettingsForm"]

_S = TypeVar("_S", bound=Settings)
_NOT_SET = "automatic"
_LARGEST_INT = 2**31 - 1
_LARGEST_FLOAT = 1e9
_DECIMALS = 9


@dataclass(frozen=True)
class _Control:
    """A widget, how it is read and how it is filled."""

    widget: QWidget
    read: Callable[[], Any]
    show: Callable[[Any], None]


class SettingsForm(QWidget, Generic[_S]):
    """Shows every parameter of a settings class and reads them back.

    Parameters
    ----------
    settings : type of Settings
        Labels, tooltips, units, bounds and choices come from its fields.
    suggestions : mapping of str to sequence of str
        Values offered for a free text, by the name of its parameter.
    names : sequence of str, optional
        The parameters to show, in this order; all if not given.
    parent : QWidget, optional
        Owner of the form.
    """

    def __init__(
        self,
        settings: type[_S],
        suggestions: Mapping[str, Sequence[str]] | None = None,
        names: Sequence[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._controls: dict[str, _Control] = {}
        self._rows = form_rows(self)
        parameters = {each.name: each for each in parameters_of(settings)}
        for name in parameters if names is None else names:
            self._add(parameters[name], (suggestions or {}).get(name, ()))
        self.show_settings(settings())

    def read(self) -> _S:
        """Give the settings as they stand in the form.

        Raises
        ------
        UsageError
            If a value is refused; names the row.
        """
        values = self.values()
        try:
            return self._settings(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
            raise UsageError(
                f"{_titles(self._settings)[name]} cannot be {values[name]!r}: {reason}."
            ) from error

    def values(self) -> dict[str, Any]:
        """Give what stands in the rows, by parameter, unchecked."""
        return {name: control.read() for name, control in self._controls.items()}

    def show_settings(self, settings: _S) -> None:
        """Fill the form."""
        for name, control in self._controls.items():
            control.show(getattr(settings, name))

    def control(self, name: str) -> QWidget:
        """Give the widget of a parameter."""
        return self._controls[name].widget

    def lead(self, title: str, control: QWidget, place: int) -> None:
        """Put something above the parameters, in line with them.

        Parameters
        ----------
        title : str
            Of its row.
        control : QWidget
            With its tooltip.
        place : int
            Number of the row, from the top.
        """
        add_row(self._rows, title, control, place)

    def _add(self, parameter: Parameter, suggested: Sequence[str]) -> None:
        control = _control_for(parameter, suggested)
        control.widget.setToolTip(parameter.help)
        self._controls[parameter.name] = control
        add_row(self._rows, parameter.title, control.widget)


def _titles(settings: type[Settings]) -> dict[str, str]:
    return {parameter.name: parameter.title for parameter in parameters_of(settings)}


def _control_for(parameter: Parameter, suggested: Sequence[str]) -> _Control:
    if parameter.choices:
        return _choice(parameter)
    makers: dict[type, Callable[[Parameter], _Control]] = {
        bool: _switch,
        int: _whole_number,
        float: _number,
        str: lambda text: _text(text, suggested),
    }
    if parameter.kind not in makers:
        raise TypeError(
            f"there is no control for {parameter.name!r}, "
            f"which is a {parameter.kind.__name__}."
        )
    return makers[parameter.kind](parameter)


def _choice(parameter: Parameter) -> _Control:
    box = QComboBox()
    for choice in parameter.choices:
        box.addItem(str(choice), choice)
    return _Control(
        box,
        lambda: parameter.choices[box.currentIndex()],
        lambda value: box.setCurrentIndex(parameter.choices.index(value)),
    )


def _switch(parameter: Parameter) -> _Control:
    box = QCheckBox()
    return _Control(box, box.isChecked, box.setChecked)


def _text(parameter: Parameter, suggested: Sequence[str]) -> _Control:
    if not suggested:
        line = QLineEdit()
        return _Control(line, lambda: line.text().strip(), line.setText)
    box = QComboBox()
    box.setEditable(True)
    box.addItems(list(suggested))
    return _Control(box, lambda: box.currentText().strip(), box.setCurrentText)


def _whole_number(parameter: Parameter) -> _Control:
    box = QSpinBox()
    low = -_LARGEST_INT if parameter.low is None else int(parameter.low)
    high = _LARGEST_INT if parameter.high is None else int(parameter.high)
    box.setRange(low, high)
    box.setSuffix(_suffix(parameter))
    return _Control(box, box.value, box.setValue)


def _number(parameter: Parameter) -> _Control:
    box = _NumberBox()
    low = -_LARGEST_FLOAT if parameter.low is None else parameter.low
    high = _LARGEST_FLOAT if parameter.high is None else parameter.high
    box.setDecimals(_DECIMALS)
    box.setSuffix(_suffix(parameter))
    if None not in (parameter.low, parameter.high):
        box.setSingleStep(_round_step((high - low) / 20))
    if parameter.default is not None:
        box.setRange(low, high)
        return _Control(box, box.value, box.setValue)
    return _optional_number(box, low, high)


def _round_step(step: float) -> float:
    """Give the nearest of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return min((power * lead for lead in (1, 2, 5, 10)), key=lambda x: abs(x - step))


def _optional_number(box: _NumberBox, low: float, high: float) -> _Control:
    """Let the step below the lowest number stand for none."""
    nothing = low - box.singleStep()
    box.setRange(nothing, high)
    box.setSpecialValueText(_NOT_SET)

    def read() -> float | None:
        value = float(box.value())
        return None if value < low else value

    return _Control(
        box, read, lambda value: box.setValue(nothing if value is None else value)
    )


class _NumberBox(QDoubleSpinBox):
    """Shows as many digits as the number has."""

    def textFromValue(self, value: float) -> str:
        """Write a number without trailing zeros."""
        return str(self.locale().toString(value, "g", 6))


def _suffix(parameter: Parameter) -> str:
    return f" {parameter.unit}" if parameter.unit else ""

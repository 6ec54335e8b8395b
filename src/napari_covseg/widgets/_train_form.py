"""What a training is told: its name, its parent and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QComboBox,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from covseg_core.cli.words import words_for
from covseg_core.errors import UsageError
from covseg_core.learn.config import USUAL_PARENT_SHARE, NewModel
from covseg_core.learn.unfinished import free_name
from covseg_core.registry.promotion import OUTLINES
from covseg_core.registry.store import ModelEntry, list_models
from covseg_core.settings import parameters_of
from covseg_core.training.config import TrainSettings
from napari_covseg._screen.form import SettingsForm
from napari_covseg.widgets._folded import Fold
from napari_covseg.widgets._pickers import promoted_name

if TYPE_CHECKING:
    from covseg_core.settings import Settings

__all__ = ["TrainForm"]

_IMPORTANT = ("epochs", "learning_rate", "rehearsal", "parent_share", "device")
_DEVICES = {"device": ("auto", "cpu", "cuda")}
_FROM_SCRATCH = "None: start from nothing"
_PARENT = (
    "The model to go on from. The new one takes its place only if it is no worse on "
    "the held-out cases."
)
_NAME = "What the new model is called: letters, digits, dots, dashes, underscores."


class _Training(TrainSettings, NewModel):
    """All that a training can be told."""


class TrainForm(QWidget):
    """Rows for parent, name and settings; few of them, the others folded away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parents = QComboBox()
        self.parents.setToolTip(_PARENT)
        self.parents.setMinimumContentsLength(12)
        self.name = QLineEdit()
        self.name.setToolTip(_NAME)
        self.form = SettingsForm(_Training, _DEVICES, _IMPORTANT)
        self.more = SettingsForm(_Training, names=_others())
        self._usual = _Training()
        self._suggested = ""
        self._entries: tuple[ModelEntry, ...] = ()
        self._lay_out()
        self.parents.currentIndexChanged.connect(self._on_parent)
        self.refresh()

    @property
    def parent_model(self) -> ModelEntry | None:
        """The model to go on from; None to start from nothing."""
        index = self.parents.currentIndex() - 1
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def refresh(self) -> None:
        """List the models anew; the chosen one stays chosen, else the promoted one."""
        known = bool(self._entries)
        chosen = self.parents.currentText() if known else promoted_name()
        self._entries = tuple(each for each in list_models() if _can_learn(each))
        names = [_FROM_SCRATCH, *(entry.card.name for entry in self._entries)]
        self.parents.blockSignals(True)
        self.parents.clear()
        self.parents.addItems(names)
        self.parents.blockSignals(False)
        self.parents.setCurrentIndex(names.index(chosen) if chosen in names else 0)
        self._on_parent()

    def choose_parent(self, name: str) -> None:
        """Choose a model to go on from, if it is listed."""
        index = self.parents.findText(name)
        if index >= 0:
            self.parents.setCurrentIndex(index)

    def words(self) -> list[str]:
        """Give what `covseg train` is told after the folder of cases.

        Raises
        ------
        UsageError
            If a value is refused; names the row.
        """
        name = self.name.text().strip()
        if not name:
            raise UsageError("the new model has no name; give it one.")
        return ["--name", name, *words_for(self.settings(), self._usual)]

    def settings(self) -> _Training:
        """Give the settings as they stand.

        Raises
        ------
        UsageError
            If a value is refused; names the row.
        """
        few, more = self.form.read(), self.more.read()
        told = {name: getattr(more, name) for name in _others()}
        entry = self.parent_model
        told["parent"] = None if entry is None else entry.card.name
        if not _is_trained(entry):
            told["parent_share"] = None
        return few.model_copy(update=told)

    def _lay_out(self) -> None:
        self.form.lead("Go on from", self.parents, 0)
        self.form.lead("New model", self.name, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addWidget(Fold("More options", self.more))

    def _on_parent(self, index: int = 0) -> None:
        entry = self.parent_model
        usual = _Training()
        if _is_trained(entry):
            usual = usual.for_fine_tuning().model_copy(
                update={"parent_share": USUAL_PARENT_SHARE}
            )
        self.form.control("parent_share").setEnabled(_is_trained(entry))
        for form in (self.form, self.more):
            _follow(form, self._usual, usual)
        self._usual = usual
        self._suggest(entry)

    def _suggest(self, entry: ModelEntry | None) -> None:
        """Suggest a name, unless the user has given one."""
        if self.name.text().strip() not in ("", self._suggested):
            return
        self._suggested = free_name("my-model" if entry is None else entry.card.name)
        self.name.setText(self._suggested)


def _others() -> tuple[str, ...]:
    """List the parameters that are no settings class themselves, but for the few."""
    simple = (bool, int, float, str)
    return tuple(
        parameter.name
        for parameter in parameters_of(TrainSettings)
        if parameter.name not in _IMPORTANT and parameter.kind in simple
    )


def _follow(form: SettingsForm[Any], before: Settings, now: Settings) -> None:
    """Show other usual settings; what the user has changed stays."""
    values = form.values()
    untouched = {
        name: getattr(now, name)
        for name, value in values.items()
        if value == getattr(before, name)
    }
    form.show_settings(now.model_copy(update=values | untouched))


def _can_learn(entry: ModelEntry) -> bool:
    return entry.card.has_network and entry.card.label_set in OUTLINES


def _is_trained(entry: ModelEntry | None) -> bool:
    """Whether this is a model to fine-tune, and not nothing or only pretrained."""
    return entry is not None and not entry.card.pretext

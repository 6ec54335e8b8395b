"""The tools that change a whole class: choose, preview, apply or cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.editing.config import CopySlice, FillBetween
from covseg_core.editing.tools import TOOLS, Proposal, Spot, Tool
from covseg_core.errors import UsageError
from napari_covseg._processes.worker import Failed
from napari_covseg._screen.form import SettingsForm
from napari_covseg._screen.slices import NO_SLICE, is_axial, shown_slice
from napari_covseg._screen.style import restyle
from napari_covseg._session.editor import GROWING
from napari_covseg._tools.preview import Preview
from napari_covseg._tools.tool_run import Proposed, ToolRun
from napari_covseg.widgets._buttons import leave_the_keyboard
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.viewer import Viewer

    from covseg_core.settings import Settings
    from napari_covseg._session.editor import MaskEditor

__all__ = ["WholeTools"]

_AS_OPENED = "The mask is shown as it was opened; go back to it first."

_Job = tuple[Tool, "Settings", int]


class WholeTools(QWidget):
    """Previews and applies the tools of `covseg_core.editing.tools`.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Shows previews.
    chosen_class : callable
        Gives the value of the class to work on.
    parent : QWidget, optional
        Owner of the widget.

    Attributes
    ----------
    said : Signal
        Sends a sentence about a tool of `run_now`, and whether it is a warning.
    """

    said = Signal(str, bool)

    def __init__(
        self,
        viewer: Viewer,
        chosen_class: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._chosen_class = viewer, chosen_class
        self._editor: MaskEditor | None = None
        self._run: ToolRun | None = None
        self._shown: tuple[_Job, Proposed] | None = None
        self._is_quick = False
        self._preview = Preview(viewer)
        self.tools = QComboBox()
        self.forms: dict[str, SettingsForm[Any]] = {}
        self._pages = QVBoxLayout()
        self.preview_button = _button("Preview", "Show what would change.")
        self.apply_button = _button("Apply", "Change the mask; it can be undone.")
        self.cancel_button = _button("Cancel", "Drop the preview; nothing changes.")
        self.status = wrapped_label("faint")
        self._lay_out()
        self.tools.currentIndexChanged.connect(self._turn_page)
        self.preview_button.clicked.connect(lambda: self._begin(self._to_show))
        self.apply_button.clicked.connect(self._apply)
        self.cancel_button.clicked.connect(self.cancel)
        self._rest()

    def follow(self, editor: MaskEditor | None) -> None:
        """Work on another mask, or on none."""
        self.cancel()
        if self._editor is not None:
            self._editor.edited.disconnect(self._drop)
        self._editor = editor
        if editor is not None:
            editor.edited.connect(self._drop)
        self._rest()

    @property
    def is_busy(self) -> bool:
        """Whether a tool runs."""
        return self._run is not None

    def run_now(self, tool: Tool, settings: Settings) -> None:
        """Run a tool and apply what it makes, without a preview."""
        if not self.is_busy:
            self.cancel()
            self._is_quick = True
            self._start((tool, settings, self._chosen_class()), self._to_apply)

    def cancel(self) -> None:
        """Drop the preview, or stop what runs."""
        if self._run is not None:
            self._run.stop()
        self._drop()

    def _lay_out(self) -> None:
        for tool in TOOLS:
            self.tools.addItem(tool.title)
            form = SettingsForm(tool.settings)
            for box in form.findChildren(QDoubleSpinBox):
                box.setDecimals(3)
                box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
            self.forms[tool.title] = form
            self._pages.addWidget(form)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.preview_button, self.apply_button, self.cancel_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tools)
        column.addLayout(self._pages)
        column.addLayout(buttons)
        column.addWidget(self.status)
        self._turn_page(0)

    def _turn_page(self, number: int) -> None:
        tool = TOOLS[number]
        self.tools.setToolTip(tool.help)
        # A stack of pages would be as high as its highest one.
        for title, form in self.forms.items():
            form.setVisible(title == tool.title)
        self._drop()
        self._is_quick = False
        self._say(tool.help)

    def _job(self) -> _Job:
        tool = TOOLS[self.tools.currentIndex()]
        return tool, self.forms[tool.title].read(), self._chosen_class()

    def _begin(self, then: Callable[[_Job, Proposed], None]) -> None:
        self._is_quick = False
        try:
            job = self._job()
        except UsageError as error:
            self._fail(Failed(error))
            return
        self._start(job, then)

    def _start(self, job: _Job, then: Callable[[_Job, Proposed], None]) -> None:
        editor = self._editor
        if editor is None or self.is_busy:
            return
        tool, settings, value = job
        if refusal := self._refusal(editor, settings):
            self._say(refusal, warning=True)
            return
        self._drop()
        editor.commit()
        # Not copied: an edit meanwhile makes the run void.
        spot = Spot(
            editor.kept,
            _spacing_mm(editor),
            value,
            shown_slice(self._viewer, editor.layer),
        )
        run = ToolRun(editor, self)
        run.proposed.connect(lambda found: self._end(lambda: then(job, found)))
        run.failed.connect(lambda failed: self._end(lambda: self._fail(failed)))
        run.dropped.connect(lambda: self._end(self._say_dropped))
        self._run = run
        self._say(f"{tool.title} …")
        self._rest()
        run.start(tool, spot, settings)

    def _refusal(self, editor: MaskEditor, settings: Settings) -> str:
        """Say why a tool cannot run now; empty if it can."""
        if editor.is_growing:
            return GROWING
        if editor.is_locked:
            return _AS_OPENED
        if _is_for_slice(settings) and not is_axial(self._viewer):
            return NO_SLICE
        return ""

    def _end(self, then: Callable[[], None]) -> None:
        if self._run is not None:
            self._run.deleteLater()
        self._run = None
        then()
        self._rest()

    def _to_show(self, job: _Job, found: Proposed) -> None:
        change = found.proposal.change
        if change is not None and self._editor is not None:
            self._shown = job, found
            layer = self._editor.layer
            self._preview.show(found.picture, change.box, layer, change.title)
        legend = f" Preview: {found.legend}." if found.legend else ""
        self._say(self._told(found.proposal) + legend)

    def _to_apply(self, job: _Job, found: Proposed) -> None:
        change, editor = found.proposal.change, self._editor
        if change is None or editor is None:
            self._say(found.proposal.summary)
        elif editor.is_locked or editor.draft() is not None:
            # What a stroke or a run has begun would become part of this edit.
            self._say_dropped()
        else:
            editor.apply_change(change)
            self._say(f"Done: {_uncapitalised(found.proposal.summary)}")

    def _apply(self) -> None:
        """Apply what is shown, or what was chosen since."""
        shown = self._shown
        if shown is not None and self._preview.is_shown and shown[0] == self._job():
            self._drop()
            self._to_apply(*shown)
            self._rest()
        else:
            self._begin(self._to_apply)

    def _drop(self, change: Any = None) -> None:
        self._preview.clear()
        if self._shown is not None:
            self._shown = None
            self._say("")
        self._rest()

    def _told(self, proposal: Proposal) -> str:
        """Warn of slices that were checked before."""
        checked = self._editor.checked if self._editor else frozenset()
        count = len(checked.intersection(proposal.slices))
        warning = f" Marked as checked of these: {count}." if count else ""
        return proposal.summary + warning

    def _fail(self, failed: Failed) -> None:
        self._say(failed.sentence, warning=True)

    def _say_dropped(self) -> None:
        self._say("Stopped; nothing was changed.")

    def _say(self, sentence: str, *, warning: bool = False) -> None:
        if self._is_quick:
            self.said.emit(sentence, warning)
            return
        restyle(self.status, "warning" if warning else "faint")
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def _rest(self) -> None:
        is_free = self._editor is not None and not self.is_busy
        self.preview_button.setEnabled(is_free)
        self.apply_button.setEnabled(is_free)
        self.cancel_button.setEnabled(self.is_busy or self._shown is not None)
        restyle(self.apply_button, "stop" if self._shown is None else "primary")


def _button(title: str, tooltip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tooltip)
    leave_the_keyboard(button)
    return button


def _spacing_mm(editor: MaskEditor) -> tuple[float, float, float]:
    z, y, x = (abs(float(step)) for step in editor.layer.scale)
    return z, y, x


def _is_for_slice(settings: Settings) -> bool:
    if isinstance(settings, FillBetween):
        return settings.gaps == "around this slice"
    return isinstance(settings, CopySlice)


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

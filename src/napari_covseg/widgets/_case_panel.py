"""The case in front: its state, a comment, a new version, and all older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from covseg_core.cases.record import STATES
from napari_covseg._screen.remembered import ROLE, remember, remembered
from napari_covseg._screen.rows import add_row, form_rows
from napari_covseg._worklist.save_version import Reader
from napari_covseg.widgets._versions import VersionsView

if TYPE_CHECKING:
    from pathlib import Path

    from covseg_core.cases.record import CaseRecord

__all__ = ["CasePanel"]

_ROLES = ("", "radiologist", "resident", "radiographer", "researcher")
_NONE = "No case is open."
_STATE_TIPS = {
    "new": "Nobody has worked on the case.",
    "in progress": "Somebody works on the case.",
    "done": "The case is finished; training may learn from it.",
    "flagged": "The case needs somebody else; say why in the comment. (Alt+G)",
}


class CasePanel(QWidget):
    """Shows a case and what may be done with it; does nothing by itself.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the panel.

    Attributes
    ----------
    state_wanted : Signal
        Sends the state that the case shall have.
    comment_given : Signal
        Sends a comment that was changed.
    save_wanted : Signal
        Sent when the mask shall be saved.
    """

    state_wanted = Signal(str)
    comment_given = Signal(str)
    save_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comment = ""
        self.title = QLabel(_NONE)
        self.title.setWordWrap(True)
        self.states = {state: _state_button(state) for state in STATES}
        self.states["flagged"].setText("Flag  Alt+G")
        self.states["flagged"].setShortcut("Alt+G")
        self.comment = _line("For the next reader; no names of patients.")
        self.note = _line("Kept with the version that is saved next.")
        self.role = _role_box()
        self.save = QPushButton("Save version  Alt+S")
        self.save.setShortcut("Alt+S")
        self.save.setToolTip("Save the mask as a new version; none is ever replaced.")
        self.save.setObjectName("primary")
        self.versions = VersionsView()
        self._lay_out()
        self._connect()
        self.show_record(None, None)

    @property
    def own_role(self) -> str:
        """The reader's role, such as ``radiologist``."""
        return str(self.role.currentText()).strip()

    def reader(self, seconds_spent: float) -> Reader:
        """Tell who saves."""
        return Reader(self.own_role, seconds_spent, str(self.note.text()).strip())

    def show_record(self, record: CaseRecord | None, root: Path | None) -> None:
        """Show a case; without one nothing can be done."""
        self.setEnabled(record is not None)
        self.title.setText(_NONE if record is None else _titled(record))
        self._comment = "" if record is None else record.comment
        self.comment.setText(self._comment)
        for state, button in self.states.items():
            button.setChecked(record is not None and record.state == state)
        self.versions.show_record(record, root)

    def _lay_out(self) -> None:
        states = QGridLayout()
        group = QButtonGroup(self)
        for place, button in enumerate(self.states.values()):
            group.addButton(button)
            states.addWidget(button, place // 2, place % 2)
        rows = form_rows()
        for title, box in (
            ("Comment", self.comment),
            ("Note", self.note),
            ("Your role", self.role),
        ):
            add_row(rows, title, box)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addLayout(states)
        column.addWidget(self.save)
        column.addLayout(rows)
        column.addWidget(self.versions)

    def _connect(self) -> None:
        self.save.clicked.connect(self.save_wanted)
        self.comment.editingFinished.connect(self._give_comment)
        self.role.currentTextChanged.connect(lambda role: remember(ROLE, role))
        for state, button in self.states.items():
            button.clicked.connect(
                lambda _=False, wanted=state: self.state_wanted.emit(wanted)
            )

    def _give_comment(self) -> None:
        text = str(self.comment.text()).strip()
        if text != self._comment:
            self._comment = text
            self.comment_given.emit(text)


def _titled(record: CaseRecord) -> str:
    collection = f", {record.collection}" if record.collection else ""
    synthetic = ", SYNTHETIC" if record.synthetic else ""
    return f"{record.case_id} ({record.split}{collection}{synthetic})"


def _state_button(state: str) -> QPushButton:
    button = QPushButton(state.capitalize())
    button.setCheckable(True)
    button.setToolTip(_STATE_TIPS[state])
    return button


def _line(tooltip: str) -> QLineEdit:
    line = QLineEdit()
    line.setToolTip(tooltip)
    return line


def _role_box() -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.addItems(list(_ROLES))
    box.setCurrentText(remembered(ROLE))
    box.setToolTip("Kept with every version that you save; no name is kept.")
    return box

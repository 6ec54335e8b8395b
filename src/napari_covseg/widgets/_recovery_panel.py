"""Offer corrections that a crash left behind, with a picture of each."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from covseg_core.labels import LABEL_SETS
from napari_covseg._processes.worker import Failed, Finished, Outcome, Run
from napari_covseg._session.recovery import bring_back, find_left_behind, open_scan_of
from napari_covseg.widgets._buttons import plain_button
from napari_covseg.widgets._run_panel import wrapped_label

if TYPE_CHECKING:
    from napari_covseg._convert import LayerTuple
    from napari_covseg._session.recovery import LeftBehind
    from napari_covseg._session.session import Session

__all__ = ["RecoveryPanel"]

_PICTURE_PX = 96
_DARK = 40


class RecoveryPanel(QFrame):
    """Hidden until there is something to recover; one after the other.

    Parameters
    ----------
    session : Session
        Gets what is recovered.
    parent : QWidget, optional
        Owner of the panel.

    Attributes
    ----------
    looked : Signal
        Sent when the journals have been read.
    """

    looked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._left: list[LeftBehind] = []
        self.setObjectName("notice")
        self.words = wrapped_label("plain")
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE_PX, _PICTURE_PX)
        self.picture.setToolTip("The slice with most of the mask.")
        self.status = wrapped_label("faint")
        self.recover = plain_button(
            "Recover", "Open the scan and show these corrections."
        )
        self.recover.setObjectName("primary")
        self.later = plain_button(
            "Later", "Ask again at the next start; nothing is lost."
        )
        self.discard = plain_button("Discard", "Remove these corrections for good.")
        self._lay_out()
        self.recover.clicked.connect(self._recover)
        self.later.clicked.connect(self._next)
        self.discard.clicked.connect(self._discard)
        self.hide()

    def look(self) -> None:
        """Look for journals, in a thread."""
        run = Run(find_left_behind)
        run.ended.connect(self._found)
        run.start()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.picture)
        top.addWidget(self.words, 1)
        buttons = QGridLayout()
        for column, button in enumerate((self.recover, self.later, self.discard)):
            buttons.addWidget(button, 0, column)
        column_of_all = QVBoxLayout(self)
        column_of_all.addLayout(top)
        column_of_all.addLayout(buttons)
        column_of_all.addWidget(self.status)

    def _found(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finished):
            self._left = list(outcome.value)
        self._offer()
        self.looked.emit()

    def _offer(self) -> None:
        self.setVisible(bool(self._left))
        self.status.hide()
        if self._left:
            first = self._left[0]
            self.words.setText(_told(first, len(self._left)))
            self.picture.setPixmap(_drawn(first))

    def _next(self) -> None:
        self._left.pop(0)
        self._offer()

    def _discard(self) -> None:
        self._left[0].discard()
        self._next()

    def _recover(self) -> None:
        run = Run(open_scan_of, self._left[0], self._session.layers_in_turn())
        run.ended.connect(self._opened)
        self._set_busy(is_busy=True)
        run.start()

    def _opened(self, outcome: Outcome) -> None:
        self._set_busy(is_busy=False)
        if isinstance(outcome, Failed):
            self.status.setText(outcome.sentence)
            self.status.show()
        elif isinstance(outcome, Finished):
            scan = self._on_screen(outcome.value)
            bring_back(self._session, self._left[0], scan)
            self._next()

    def _on_screen(self, scan: Image | LayerTuple) -> Image:
        """Give the layer of a scan, which may have been removed meanwhile."""
        viewer = self._session.viewer
        if not isinstance(scan, Image):
            data, arguments, _ = scan
            return viewer.add_image(data, **arguments)
        if scan not in viewer.layers:
            viewer.add_layer(scan)
        return scan

    def _set_busy(self, *, is_busy: bool) -> None:
        for button in (self.recover, self.later, self.discard):
            button.setEnabled(not is_busy)
        self.status.setText("Opening the scan …" if is_busy else "")
        self.status.setVisible(is_busy)


def _told(left: LeftBehind, count: int) -> str:
    header = left.recovered.header
    begun = datetime.fromisoformat(header.started_utc).astimezone()
    volumes = ", ".join(
        f"{title.lower()} {volume:.1f} ml" for title, volume in left.volumes_ml.items()
    )
    number = left.recovered.edits
    edits = "1 edit" if number == 1 else f"{number} edits"
    more = f" ({count - 1} more after this.)" if count > 1 else ""
    whose = f" of {header.case_id}" if header.case_id else ""
    return (
        f"<b>Corrections that were not saved</b><br>“{escape(header.title)}”{whose}, "
        f"begun {begun:%d %B %H:%M}, {edits}: {volumes}.{more}"
    )


def _drawn(left: LeftBehind) -> QPixmap:
    """Draw the fullest slice of a mask in the colours of its classes."""
    labels = left.picture
    colours = np.full((*labels.shape, 3), _DARK, np.uint8)
    for label in LABEL_SETS[left.recovered.header.label_set].classes:
        colours[labels == label.value] = np.round(255 * np.array(label.colour))
    height, width, _ = colours.shape
    image = QImage(
        colours.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
    )
    return QPixmap.fromImage(image).scaled(
        _PICTURE_PX,
        _PICTURE_PX,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )

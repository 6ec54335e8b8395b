"""A small plot of one curve over the epochs of a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_covseg._screen.style import ACCENT, FAINT

if TYPE_CHECKING:
    from qtpy.QtCore import QSize
    from qtpy.QtGui import QPaintEvent

    from covseg_core.learn.following import Curve

__all__ = ["CurvePlot"]

_HEIGHT_PX = 112
_LEFT_PX, _TOP_PX, _RIGHT_PX, _BOTTOM_PX = 38, 20, 10, 30
_DOT_PX = 3.0
_MOST_DOTS = 40
_STEPS = (1, 2, 5, 10)


class CurvePlot(QWidget):
    """Shows how a number changes from epoch to epoch.

    Parameters
    ----------
    title : str
        What is shown; stands above, with the newest value.
    highest : float, optional
        Upper end of the axis; the largest value if not given.
    parent : QWidget, optional
        Owner of the plot.
    """

    def __init__(
        self, title: str, highest: float | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title, self._highest = title, highest
        self._curve: Curve = []
        self._epochs = 1
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    @property
    def caption(self) -> str:
        """What stands above the plot."""
        if not self._curve:
            return f"{self._title}: none yet"
        return f"{self._title}: {self._curve[-1][1]:.3f}"

    def show_curve(self, curve: Curve, epochs: int) -> None:
        """Show a point per epoch, on an axis of `epochs`."""
        self._curve = [point for point in curve if math.isfinite(point[1])]
        ends = [epochs, 1, *(int(epoch) for epoch, _ in self._curve)]
        self._epochs = max(ends)
        self.setToolTip(_told(self._title, self._curve))
        self.setAccessibleDescription(self.caption)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, curve and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(font.pointSizeF() * 0.8, 7.0))
        painter.setFont(font)
        top = self._top()
        self._draw_axes(painter, top)
        self._draw_curve(painter, top)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(
            QRectF(0, 0, self.width(), _TOP_PX - 4),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
            self.caption,
        )
        painter.end()

    def sizeHint(self) -> QSize:
        """Ask for little width; the plot takes what there is."""
        hint = super().sizeHint()
        hint.setHeight(_HEIGHT_PX)
        return hint

    def _top(self) -> float:
        if self._highest is not None:
            return self._highest
        return _rounded_up(max((value for _, value in self._curve), default=1.0))

    def _frame(self) -> QRectF:
        return QRectF(
            _LEFT_PX,
            _TOP_PX,
            self.width() - _LEFT_PX - _RIGHT_PX,
            self.height() - _TOP_PX - _BOTTOM_PX,
        )

    def _draw_axes(self, painter: QPainter, top: float) -> None:
        frame = self._frame()
        grey = QColor(FAINT)
        line = QColor(FAINT)
        line.setAlpha(70)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for value in (0, top / 2, top):
            y = frame.bottom() - frame.height() * value / top
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(grey)
            painter.drawText(QRectF(0, y - 8, _LEFT_PX - 5, 16), right, f"{value:.3g}")
        for epoch in sorted({1, self._epochs}):
            x = self._x(epoch)
            painter.drawText(
                QRectF(x - 20, frame.bottom() + 2, 40, 14), middle, str(epoch)
            )
        below = QRectF(frame.left(), frame.bottom() + 2, frame.width(), 14)
        painter.drawText(below, middle, "Epoch")

    def _draw_curve(self, painter: QPainter, top: float) -> None:
        frame = self._frame()
        points = [
            QPointF(self._x(epoch), frame.bottom() - frame.height() * min(v / top, 1))
            for epoch, v in self._curve
        ]
        painter.setPen(QPen(QColor(ACCENT), 1.8))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(QColor(ACCENT))
        for point in points if len(points) <= _MOST_DOTS else points[-1:]:
            painter.drawEllipse(point, _DOT_PX / 2, _DOT_PX / 2)

    def _x(self, epoch: float) -> float:
        frame = self._frame()
        if self._epochs == 1:
            return frame.center().x()
        return frame.left() + frame.width() * (epoch - 1) / (self._epochs - 1)


def _rounded_up(value: float) -> float:
    """Find a round number that is no smaller: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if value <= step * power * (1 + 1e-9))


def _told(title: str, curve: Curve) -> str:
    if not curve:
        return f"{title} after every epoch."
    last = [f"epoch {epoch:.0f}: {value:.3f}" for epoch, value in curve[-5:]]
    return f"{title} after every epoch.\n" + "\n".join(last)

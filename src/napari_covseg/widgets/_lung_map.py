"""A small map of both lungs, its regions coloured by how much of each is infected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_covseg._screen.style import FAINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QPaintEvent

    from covseg_core.severity.scoring import RegionPoints, ScoreResult

__all__ = ["LungMap"]

_SIZE_PX = QSize(240, 158)
_HEADING_PX = 18
_GAP_PX = 14
_LUNG_WIDTH_PX = 92
_RADIUS_PX = 30
_TWO_LINES_PX = 32
_MOST_ROWS = 5
"""A lung in more regions than this has them in two columns, front and back."""
_FULL_PERCENT = 50.0
"""Share at which the colour is full; more than half of a region is rare."""
_HEALTHY = QColor(86, 96, 108)
_DISEASED = QColor(213, 62, 0)
_UNKNOWN = QColor(128, 128, 128, 60)
_FROM_THE_SIDE = {"right": 0, "left": 1}


class LungMap(QWidget):
    """Both lungs as a reader faces the patient: the right one stands on the left.

    Parameters
    ----------
    parent : QWidget, optional
        Owner of the map.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: ScoreResult | None = None
        self.is_stale = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._tell()

    def sizeHint(self) -> QSize:
        """Give the room that the map needs, in pixels."""
        return _SIZE_PX

    def show_result(self, result: ScoreResult | None) -> None:
        """Colour the regions of a score; None shows empty lungs."""
        self._result = result
        self._tell()
        self.update()

    @property
    def has_columns(self) -> bool:
        """Whether each lung stands in two columns, front and back."""
        return any(_columns(len(self._of_side(side))) > 1 for side in _FROM_THE_SIDE)

    def show_stale(self, is_stale: bool) -> None:
        """Fade the map while new shares are measured."""
        self.is_stale = is_stale
        self.update()

    def _tell(self) -> None:
        """Say in words what the colours say; screen readers and tooltips need it."""
        lines = ["Infected share and points of each region."]
        if self._result is not None:
            lines = [f"{self._result.definition.title}, on {self._result.rung}."]
            lines += [_told(one) for one in self._result.regions]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(", ".join(lines))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both lungs with the share of each region in it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.4 if self.is_stale else 1.0)
        for side in _FROM_THE_SIDE:
            self._draw_lung(painter, side)
        painter.end()

    def _draw_lung(self, painter: QPainter, side: str) -> None:
        place = self._place_of(side)
        heading = QRectF(place.left(), 0, place.width(), _HEADING_PX)
        painter.setPen(QColor(FAINT))
        painter.drawText(heading, Qt.AlignmentFlag.AlignCenter, side.capitalize())
        outline = QPainterPath()
        outline.addRoundedRect(place, _RADIUS_PX, _RADIUS_PX)
        regions = self._of_side(side)
        if not regions:
            painter.fillPath(outline, _UNKNOWN)
        for cell, one in zip(_cells(place, len(regions)), regions, strict=True):
            painter.save()
            painter.setClipPath(outline)
            painter.fillRect(cell, _colour(one))
            painter.restore()
            painter.setPen(QColor("white"))
            has_room = cell.height() >= _TWO_LINES_PX
            words = _words(one) if has_room else _percent(one)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, words)

    def _of_side(self, side: str) -> list[RegionPoints]:
        regions = () if self._result is None else self._result.regions
        return [one for one in regions if one.region.side == side]

    def _place_of(self, side: str) -> QRectF:
        left = (self.width() - 2 * _LUNG_WIDTH_PX - _GAP_PX) / 2
        left += _FROM_THE_SIDE[side] * (_LUNG_WIDTH_PX + _GAP_PX)
        return QRectF(
            left, _HEADING_PX + 2, _LUNG_WIDTH_PX, self.height() - _HEADING_PX - 4
        )


def _columns(count: int) -> int:
    return 1 if count <= _MOST_ROWS else 2


def _cells(place: QRectF, count: int) -> Sequence[QRectF]:
    """Cut the place of a lung into cells from above; in front stands left of back."""
    columns = _columns(count)
    rows = max(1, count // columns)
    width, height = place.width() / columns, place.height() / rows
    return [
        QRectF(
            place.left() + number % columns * width,
            place.top() + number // columns * height,
            width - (2 if number % columns < columns - 1 else 0),
            height - 2,
        )
        for number in range(count)
    ]


def _colour(one: RegionPoints) -> QColor:
    if one.percent is None:
        return _UNKNOWN
    part = min(one.percent / _FULL_PERCENT, 1.0)
    mixed = (
        round(healthy + part * (diseased - healthy))
        for healthy, diseased in zip(
            _HEALTHY.getRgb()[:3], _DISEASED.getRgb()[:3], strict=True
        )
    )
    return QColor(*mixed)


def _percent(one: RegionPoints) -> str:
    return "–" if one.percent is None else f"{one.percent:.0f} %"


def _points(one: RegionPoints) -> str:
    if one.points is None:
        return "not scorable"
    return f"{one.points} point{'' if one.points == 1 else 's'}"


def _words(one: RegionPoints) -> str:
    return f"{_percent(one)}\n{_points(one)}"


def _told(one: RegionPoints) -> str:
    return f"{one.region.title}: {_percent(one)}, {_points(one)}"

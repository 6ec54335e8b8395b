"""A small map of both lungs in thirds by height, coloured by how much is infected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covseg_core.severity.zones import HEIGHTS
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_covseg._screen.style import FAINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.severity.zones import ZoneShare
    from qtpy.QtGui import QPaintEvent

__all__ = ["LungMap"]

_SIZE_PX = QSize(220, 138)
_HEADING_PX = 18
_GAP_PX = 14
_LUNG_WIDTH_PX = 76
_RADIUS_PX = 30
_FULL_PERCENT = 50.0
"""Share at which the colour is full; more than half of a zone is rare."""
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
        self._shares: tuple[ZoneShare, ...] = ()
        self.is_stale = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._tell()

    def sizeHint(self) -> QSize:
        """Give the room that the map needs, in pixels."""
        return _SIZE_PX

    def show_shares(self, shares: Sequence[ZoneShare]) -> None:
        """Colour the zones."""
        self._shares = tuple(shares)
        self._tell()
        self.update()

    def show_stale(self, is_stale: bool) -> None:
        """Fade the map while new shares are measured."""
        self.is_stale = is_stale
        self.update()

    def _tell(self) -> None:
        """Say in words what the colours say; screen readers and tooltips need it."""
        lines = ["Thirds of each lung by height; not lobes."]
        lines += [
            f"{one.side.capitalize()} {one.height}: {_percent(one)}"
            for one in self._shares
        ]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(", ".join(lines))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both lungs with the share of each zone in it."""
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
        third = place.height() / len(HEIGHTS)
        for row, height in enumerate(HEIGHTS):
            zone = QRectF(
                place.left(), place.top() + row * third, place.width(), third - 2
            )
            self._draw_zone(painter, outline, zone, self._share(side, height))

    def _draw_zone(
        self,
        painter: QPainter,
        outline: QPainterPath,
        zone: QRectF,
        share: ZoneShare | None,
    ) -> None:
        painter.save()
        painter.setClipPath(outline)
        painter.fillRect(zone, _colour(share))
        painter.restore()
        painter.setPen(QColor("white"))
        painter.drawText(zone, Qt.AlignmentFlag.AlignCenter, _percent(share))

    def _place_of(self, side: str) -> QRectF:
        left = (self.width() - 2 * _LUNG_WIDTH_PX - _GAP_PX) / 2
        left += _FROM_THE_SIDE[side] * (_LUNG_WIDTH_PX + _GAP_PX)
        return QRectF(
            left, _HEADING_PX + 2, _LUNG_WIDTH_PX, self.height() - _HEADING_PX - 4
        )

    def _share(self, side: str, height: str) -> ZoneShare | None:
        fitting = (
            one for one in self._shares if (one.side, one.height) == (side, height)
        )
        return next(fitting, None)


def _colour(share: ZoneShare | None) -> Any:
    if share is None or share.percent_opacity is None:
        return _UNKNOWN
    part = min(share.percent_opacity / _FULL_PERCENT, 1.0)
    mixed = (
        round(healthy + part * (diseased - healthy))
        for healthy, diseased in zip(
            _HEALTHY.getRgb()[:3], _DISEASED.getRgb()[:3], strict=True
        )
    )
    return QColor(*mixed)


def _percent(share: ZoneShare | None) -> str:
    if share is None or share.percent_opacity is None:
        return "–"
    return f"{share.percent_opacity:.0f} %"

"""Colours of the widgets: one accent on napari's own theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

__all__ = ["ACCENT", "FAINT", "WARNING", "restyle", "swatch", "widget_style"]

ACCENT = "#2f8fc9"
FAINT = "#8b919a"
WARNING = "#d9822b"

_ACCENT_LIGHT = "#46a5de"
_ACCENT_DARK = "#2679ab"


def widget_style() -> str:
    """Give the Qt style sheet of CovSeg's widgets.

    A widget takes part by its object name: ``primary``, ``stop``, ``fold``,
    ``toggle``, ``faint`` or ``warning``.
    """
    return f"""
        QPushButton#primary {{
            background: {ACCENT}; color: white; font-weight: 600;
            padding: 7px 12px; border: none; border-radius: 4px;
        }}
        QPushButton#primary:hover {{ background: {_ACCENT_LIGHT}; }}
        QPushButton#primary:pressed {{ background: {_ACCENT_DARK}; }}
        QPushButton#primary:disabled {{ background: #565c66; color: #a8adb5; }}
        QPushButton#stop {{
            background: transparent; color: {ACCENT}; font-weight: 600;
            padding: 6px 12px; border: 1px solid {ACCENT}; border-radius: 4px;
        }}
        QPushButton#stop:hover {{ color: {_ACCENT_LIGHT}; }}
        QPushButton#stop:disabled {{ color: {FAINT}; border-color: {FAINT}; }}
        QPushButton#fold {{
            background: transparent; border: none; text-align: left; padding: 4px 0;
        }}
        QPushButton#fold:hover {{ color: {_ACCENT_LIGHT}; }}
        QPushButton#toggle:checked {{ background: {ACCENT}; color: white; }}
        QProgressBar {{
            background: rgba(128, 128, 128, 60); border: none; border-radius: 3px;
        }}
        QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
        QFrame#notice {{
            border: 1px solid {ACCENT}; border-radius: 4px;
            background: rgba(47, 143, 201, 28);
        }}
        QLabel#faint {{ color: {FAINT}; }}
        QLabel#warning {{ color: {WARNING}; }}
    """


def restyle(widget: QWidget, name: str) -> None:
    """Give a widget another object name of the style sheet, and its looks."""
    widget.setObjectName(name)
    # Qt looks at the name only when it polishes a widget.
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def swatch(colour: tuple[float, float, float]) -> str:
    """Give the style sheet of a small square in a class's colour, each in [0, 1]."""
    red, green, blue = (round(255 * part) for part in colour)
    return f"background: rgb({red}, {green}, {blue}); border-radius: 2px;"

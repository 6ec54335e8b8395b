"""What a scan is, in words for its reader; nothing of the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.volume import SYNTHETIC_NOTE

if TYPE_CHECKING:
    from covseg_core.volume import CTVolume, Grid

__all__ = ["ScanFacts", "scan_facts"]

_NOT_HU = "The voxels are grey levels, not Hounsfield units: densities are unknown."
_MOST_IGNORED = 3


@dataclass(frozen=True)
class ScanFacts:
    """Facts about a scan.

    Parameters
    ----------
    rows : tuple of (str, str)
        What, and how much.
    notes : tuple of str
        Sentences that a careful reader should know.
    """

    rows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def scan_facts(ct: CTVolume) -> ScanFacts:
    """Describe a scan, in any orientation."""
    slices, rows, columns = ct.grid.shape
    return ScanFacts(
        rows=(
            ("Slices", f"{slices} of {rows} × {columns} pixels"),
            ("Spacing", _spacing(ct.grid)),
            ("Values", _values(ct)),
        ),
        notes=tuple(dict.fromkeys(_notes(ct))),
    )


def _spacing(grid: Grid) -> str:
    z, y, x = (f"{step:.3g}" for step in grid.spacing_mm_zyx)
    return f"slices {z} mm, pixels {x if x == y else f'{y} × {x}'} mm"


def _values(ct: CTVolume) -> str:
    unit = "HU" if ct.is_hu else "grey levels"
    measured = ct.measured_hu
    if not measured.size:
        return "none measured"
    return f"{measured.min():.0f} to {measured.max():.0f} {unit}"


def _notes(ct: CTVolume) -> list[str]:
    source = ct.source
    notes = [SYNTHETIC_NOTE] if source.is_synthetic else []
    notes += [] if ct.is_hu else [_NOT_HU]
    notes += [_sentence(note) for note in source.notes]
    if source.ignored:
        some = "; ".join(source.ignored[:_MOST_IGNORED])
        more = len(source.ignored) - _MOST_IGNORED
        notes.append(f"Left out: {some}{f'; and {more} more' if more > 0 else ''}.")
    return notes


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."

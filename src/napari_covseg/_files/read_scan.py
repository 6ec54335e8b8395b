"""Read a scan or mask in a thread, ready to become a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_covseg._convert import ct_layer
from napari_covseg._files.open import Opened, open_path

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.reports.scan_facts import ScanFacts
    from covseg_core.volume import CTVolume, LobeMask

__all__ = ["Reading", "describe_scan", "make_sample", "read_lobes_of", "read_scan"]


@dataclass(frozen=True)
class Reading:
    """What is being done, in plain words; how long it takes is not known."""

    stage: str
    done: int = 0
    total: int = 0


def read_scan(
    path: Path, series_uid: str = ""
) -> Generator[Reading, None, Opened | None]:
    """Read a DICOM folder or file, or a NIfTI file.

    Parameters
    ----------
    path : Path
        What to read.
    series_uid : str
        (0020,000E) *Series Instance UID* of the one to read where there are several.

    Yields
    ------
    Reading
        Once, before the files are read.

    Raises
    ------
    InputRefusedError
        If there is neither a CT nor a mask that is safe to use; says why.
    SeriesChoiceError
        If there are several series and none was chosen.
    """
    yield Reading(f"Reading {path.name}")
    return open_path(path, (lambda _: series_uid) if series_uid else None)


def make_sample() -> Generator[Reading, None, Opened]:
    """Make a chest CT with infection; it is computed and so free of any patient."""
    from covseg_core.phantom import PhantomSettings, make_phantom

    yield Reading("Making a chest")
    return Opened(ct_layer(make_phantom(PhantomSettings()).ct, "CT (phantom)"))


def read_lobes_of(path: Path, ct: CTVolume) -> Generator[Reading, None, LobeMask]:
    """Read the lobes of a scan; raises as `io.lobes.read_lobes` does."""
    from covseg_core.io.lobes import read_lobes

    yield Reading(f"Reading {path.name}")
    return read_lobes(path, ct.grid)


def describe_scan(ct: CTVolume) -> Generator[Reading, None, ScanFacts]:
    """Tell the facts of a scan; its range of values needs every voxel."""
    from covseg_core.reports.scan_facts import scan_facts

    yield Reading("Measuring the scan")
    return scan_facts(ct)

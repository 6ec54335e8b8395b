"""Measure a scan, and what else the user gave something to measure by."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.cli.progress import follow
from covseg_core.cli.severity_inputs import (
    Labels,
    MaskFiles,
    Masks,
    collect_masks,
    read_infection,
)
from covseg_core.errors import UsageError
from covseg_core.inference.config import PredictSettings
from covseg_core.io import read_ct
from covseg_core.io.probabilities import read_nifti_probabilities
from covseg_core.io.same_voxels import in_order_of
from covseg_core.settings import Settings, setting
from covseg_core.severity.agreement import measure_agreement
from covseg_core.severity.change import Visit, measure_change
from covseg_core.severity.interval import measure_interval
from covseg_core.severity.report import SeverityReport, report_steps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from covseg_core.volume import CTVolume

__all__ = ["Comparison", "measure"]


class Comparison(Settings):
    """What a scan is compared with."""

    reader_mask: Path | None = setting(
        None, "A reader's mask of the same scan, to tell how well both agree."
    )
    probabilities: Path | None = setting(
        None, "What `predict --probabilities` wrote, for intervals of the figures."
    )
    earlier: Path | None = setting(
        None, "An earlier scan of the patient, to tell what changed."
    )
    earlier_series: str | None = setting(
        None, "Series Instance UID of the earlier scan, where there are several."
    )
    earlier_mask: Path | None = setting(
        None, "Mask of the earlier scan; the model outlines it if not given."
    )
    earlier_lungs: Path | None = setting(
        None, "Lung mask of the earlier scan; found if not given."
    )
    days: float | None = setting(
        None, "Days between the scans, for rates.", unit="days", low=0
    )

    @property
    def paths(self) -> list[Path]:
        """Every file that is read."""
        return [value for _, value in self if isinstance(value, Path)]

    def require_sense(self) -> None:
        """Raise `UsageError` if something is said of an earlier scan without one."""
        said = {
            "--earlier-series": self.earlier_series,
            "--earlier-mask": self.earlier_mask,
            "--earlier-lungs": self.earlier_lungs,
            "--days": self.days,
        }
        alone = [name for name, value in said.items() if value is not None]
        if self.earlier is None and alone:
            raise UsageError(
                f"{', '.join(alone)} goes with --earlier, the scan itself."
            )
        if self.days is not None and not (math.isfinite(self.days) and self.days > 0):
            raise UsageError(
                f"--days {self.days:g}: a number above 0 is needed; give the scans in "
                "the order of time."
            )


def measure(
    ct: CTVolume,
    masks: Masks,
    comparison: Comparison,
    labels: Labels | None,
    model: str | None,
    settings: PredictSettings,
) -> SeverityReport:
    """Measure all that there is something to measure by.

    Parameters
    ----------
    ct : CTVolume
        The scan.
    masks : Masks
        On its grid.
    comparison : Comparison
        Files of a reader, a model or an earlier scan.
    labels : {"lesions", "infection"} or None
        What 1 means in their masks; see `read_infection`.
    model, settings : str or None, PredictSettings
        What outlines the earlier scan if it has no mask.

    Raises
    ------
    InputRefusedError
        If a file cannot be used.
    GeometryError
        If a mask is not of the voxels of its scan.
    """
    both = ct, masks.lesions, masks.lungs
    agreement = None
    if comparison.reader_mask is not None:
        reader = read_infection(comparison.reader_mask, ct, labels)
        agreement = measure_agreement(*both, reader.lesions)
    report = replace(_report(ct, masks), agreement=agreement)
    if comparison.probabilities is not None:
        maps = _read_probabilities(comparison.probabilities, ct)
        report = replace(report, interval=measure_interval(*both, maps))
    if comparison.earlier is not None:
        later = Visit(masks.lesions, masks.lungs, report)
        old = MaskFiles(
            comparison.earlier_mask, comparison.earlier_lungs, labels=labels
        )
        scan = read_ct(comparison.earlier, series_uid=comparison.earlier_series)
        earlier = _visit(scan, old, model, settings)
        change = measure_change(earlier, later, days=comparison.days)
        report = replace(report, change=change)
    return report


def _report(ct: CTVolume, masks: Masks) -> SeverityReport:
    steps = report_steps(ct, masks.lesions, masks.lungs, lobes=masks.lobes, finer=True)
    return follow(steps)


def _visit(
    ct: CTVolume, files: MaskFiles, model: str | None, settings: PredictSettings
) -> Visit:
    masks = collect_masks(ct, files, model, settings)
    return Visit(masks.lesions, masks.lungs, _report(ct, masks))


def _read_probabilities(path: Path, ct: CTVolume) -> npt.NDArray[np.float32]:
    import numpy as np

    maps, grid = read_nifti_probabilities(path)
    return np.stack([in_order_of(ct.grid, one, grid) for one in maps])

"""Say in plain words what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.labels import LESIONS
from covseg_core.reports.severity.table import NOTHING
from covseg_core.severity.remarks import SLICES_FOR_THIRDS

if TYPE_CHECKING:
    from covseg_core.severity.distribution import Distribution, PartShare
    from covseg_core.severity.report import SeverityReport

__all__ = ["LIMITS", "in_ml", "in_percent", "summary_of"]

LIMITS = (
    "Figures describe a mask and are only as good as it is: read them with the "
    "pictures.",
    "No figure here tells COVID-19 from other disease of the lungs.",
    "Scores of zones or of the 20 regions are not those of lobes or segments, and "
    "totals of different regions do not compare.",
    "CO-RADS and RSNA categories, where given, are a reader's; covseg computes "
    "neither.",
)
_TITLES = {label.key: label.title.lower() for label in LESIONS.classes}


def in_ml(volume: float | None) -> str:
    """Write a volume, a dash where it is undefined."""
    if volume is None:
        return NOTHING
    return f"{volume:.0f} ml" if abs(volume) >= 100 else f"{volume:.1f} ml"


def in_percent(share: float | None) -> str:
    """Write a share; what is not zero never looks like zero."""
    if share is None:
        return NOTHING
    return "< 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"


def summary_of(report: SeverityReport) -> tuple[str, ...]:
    """Sum a report up in a few sentences.

    Parameters
    ----------
    report : SeverityReport
        With or without the finer measures.
    """
    both = report.opacity.both
    if not both.infection_ml:
        return (
            f"No infection is outlined in {in_ml(both.lung_ml)} of lung.",
            *_missing(report),
            *_scores(report),
        )
    first = (
        f"{in_ml(both.infection_ml)} of {in_ml(both.lung_ml)} lung are outlined as "
        f"infected: {in_percent(both.percent_opacity)} (right "
        f"{in_percent(report.opacity.right.percent_opacity)}, left "
        f"{in_percent(report.opacity.left.percent_opacity)})."
    )
    return (
        first,
        *_missing(report),
        *_classes(report),
        *_places(report.distribution),
        *_scores(report),
    )


def _missing(report: SeverityReport) -> tuple[str, ...]:
    sides = {"right": report.opacity.right, "left": report.opacity.left}
    return tuple(
        f"The lung mask has no {side} lung."
        for side, opacity in sides.items()
        if not opacity.lung_ml
    )


def _classes(report: SeverityReport) -> tuple[str, ...]:
    volumes = report.opacity.both.lesion_ml
    if set(volumes) != set(_TITLES):
        return ()
    parts = [f"{in_ml(volumes[key])} {title}" for key, title in _TITLES.items()]
    return (f"Of that, {' and '.join(parts)}.",)


def _places(distribution: Distribution | None) -> tuple[str, ...]:
    if distribution is None or not distribution.lesion_count:
        return ()
    height, face = map(_most, (distribution.heights, distribution.faces))
    third = f"in the {height} third and "
    if distribution.slices < SLICES_FOR_THIRDS:
        third = ""
    first, second = sorted(
        distribution.depths, key=lambda part: part.percent_opacity or 0.0, reverse=True
    )
    found = distribution.laterality
    laterality = "lies" if found is None else f"is {found},"
    count = distribution.lesion_count
    lesions = "one lesion" if count == 1 else f"{count} separate lesions, the largest"
    return (
        f"It {laterality} in {lesions} of "
        f"{in_ml(distribution.largest_ml)}. Most of it lies {third}"
        f"in the {face} half of the lungs. Of the {first.key} part "
        f"{in_percent(first.percent_opacity)} is infected, of the {second.key} part "
        f"{in_percent(second.percent_opacity)}.",
    )


def _most(parts: tuple[PartShare, ...]) -> str:
    return max(parts, key=lambda part: part.infection_ml).key


def _scores(report: SeverityReport) -> tuple[str, ...]:
    said = []
    for key in ("ct_ss", "pan_25"):
        score = report.score(key)
        if score is not None and score.total is not None:
            said.append(
                f"{score.definition.title} {score.total} of {score.maximum} "
                f"({score.rung})"
            )
    level = f'Level of the Inf-Net papers: "{report.level}".'
    return (f"{'; '.join(said)}. {level}",) if said else (level,)

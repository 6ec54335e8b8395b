"""Tell how figures came about, ready to be pasted into a paper."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from covseg_core.severity.scores import CHAGANTI, LEVELS
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.reports.severity.facts import ReportFacts
    from covseg_core.severity.report import SeverityReport

__all__ = ["Methods", "mask_words", "methods_of"]

_INF_NET = (
    "D.-P. Fan et al., Inf-Net: Automatic COVID-19 Lung Infection Segmentation from CT "
    "Images. IEEE Transactions on Medical Imaging 39(8), 2626-2637, 2020"
)
_CO_RADS = (
    "M. Prokop et al., CO-RADS: A Categorical CT Assessment Scheme for Patients "
    "Suspected of Having COVID-19. Radiology 296(2), E97-E104, 2020"
)
_RSNA = (
    "S. Simpson et al., Radiological Society of North America Expert Consensus "
    "Statement on Reporting Chest CT Findings Related to COVID-19. Radiology: "
    "Cardiothoracic Imaging 2(2), e200152, 2020"
)
_USED = ("numpy", "scipy", "nibabel", "pydicom", "torch")


@dataclass(frozen=True)
class Methods:
    """Paragraphs that cite by number, and what they cite.

    Parameters
    ----------
    paragraphs : tuple of str
        With ``[1]`` and so on.
    references : tuple of str
        The first is ``[1]``.
    """

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]


class _Citations:
    """Numbers sources in the order in which they are cited."""

    def __init__(self) -> None:
        self.sources: list[str] = []

    def cite(self, *sources: str) -> str:
        """Give the numbers of sources, such as ``[1, 2]``."""
        for source in sources:
            if source not in self.sources:
                self.sources.append(source)
        numbers = (self.sources.index(source) + 1 for source in sources)
        return f"[{', '.join(map(str, dict.fromkeys(numbers)))}]"


def methods_of(report: SeverityReport, facts: ReportFacts) -> Methods:
    """Describe masks, measures and software.

    Parameters
    ----------
    report : SeverityReport
        What was measured.
    facts : ReportFacts
        How the masks came about.
    """
    cited = _Citations()
    paragraphs = [
        _masks(facts, cited),
        _volumes(report, cited),
        _scores(report, cited),
        _finer(report),
        _judgement(facts, cited),
        _software(facts),
    ]
    return Methods(tuple(filter(None, paragraphs)), tuple(cited.sources))


def mask_words(facts: ReportFacts) -> str:
    """Say who drew the mask, as part of a sentence."""
    origin = facts.origin
    if origin is None:
        return "given as a file; who drew it is not known"
    if origin.kind == "manual":
        return "drawn by a reader"
    model = f"the model {origin.model}" if origin.model else "a model"
    if origin.weights_sha256:
        model += f" (weights {origin.weights_sha256[:12]})"
    after = ", then corrected by a reader" if origin.kind == "edited" else ""
    return f"outlined by {model}{after}"


def _masks(facts: ReportFacts, cited: _Citations) -> str:
    origin = facts.origin
    words = [f"The mask of infection was {mask_words(facts)}"]
    if origin is not None and origin.model.startswith("infnet"):
        words.append(f", a network after Inf-Net {cited.cite(_INF_NET)}")
    if facts.threshold is not None:
        words.append(f"; probabilities above {facts.threshold:g} count as infected")
    words.append(".")
    if origin is not None and origin.weights_sha256:
        words.append(f" SHA-256 of the weights: {origin.weights_sha256}.")
    if facts.mask_sha256:
        words.append(f" SHA-256 of the mask's voxels: {facts.mask_sha256}.")
    words.append(f" The lungs were {facts.lungs}.")
    return "".join(words)


def _volumes(report: SeverityReport, cited: _Citations) -> str:
    return (
        "Volumes are numbers of voxels times the volume of one, from the scan's "
        "affine; padding outside the field of view is left out, and infection outside "
        "the lung mask is added to the nearest region. Percentage of opacity is the "
        "infected share of the lung, percentage of high opacity that of infected "
        f"voxels above -200 HU {cited.cite(CHAGANTI)}. Level: {LEVELS} "
        f"({cited.cite(_INF_NET)} and successors). Regions: {report.rung}."
    )


def _scores(report: SeverityReport, cited: _Citations) -> str:
    said = []
    for one in report.scores:
        rule, where = one.definition.rule, one.rung
        source = cited.cite(one.definition.source)
        said.append(f"{one.definition.title} {source} of {where} ({rule})")
    return (
        f"Scores are sums of points over regions: {'; '.join(said)}. Points follow "
        "from whole numbers of voxels; a region without voxels is not scorable."
    )


def _finer(report: SeverityReport) -> str:
    words = []
    if report.distribution is not None:
        words.append(
            "Infection was located by thirds of the height and halves of the depth of "
            "each lung; peripheral is what lies within "
            f"{report.distribution.peripheral_mm:g} mm of the surface of its lung. "
            "Separate lesions are sets of infected voxels that touch by faces, edges "
            "or corners."
        )
    if report.density is not None:
        words.append(
            "Density was taken from voxels rounded to whole HU; bands are those of "
            "Slicer's Lung CT Analyzer (github.com/rbumm/SlicerLungCTAnalyzer)."
        )
    return " ".join(words)


def _judgement(facts: ReportFacts, cited: _Citations) -> str:
    judged = facts.judgement
    words = []
    if judged.co_rads is not None:
        words.append(f"CO-RADS {cited.cite(_CO_RADS)} is the reader's judgement.")
    if judged.rsna:
        words.append(
            f"The RSNA category {cited.cite(_RSNA)} is the reader's judgement."
        )
    return " ".join(words)


def _software(facts: ReportFacts) -> str:
    versions = ", ".join(_versions(_USED))
    return (
        f"Software: covseg {facts.covseg}; Python {platform.python_version()}, "
        f"{versions}. {RESEARCH_ONLY}"
    )


def _versions(names: Sequence[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found

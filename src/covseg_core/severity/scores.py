"""The published scores that are sums over regions, and the papers' three levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from covseg_core.severity.regions import Rung
from covseg_core.severity.scoring import ScoreDefinition

__all__ = [
    "CHAGANTI",
    "CT_SS",
    "FRANCONE_25",
    "LEVELS",
    "LHOS",
    "LSS",
    "PAN_25",
    "Level",
    "level_of",
]

Level: TypeAlias = Literal["regular", "severe", "critical"]
LEVELS = "regular: infected share of the lungs < 1 %; severe: ≤ 50 %; critical: more"

CHAGANTI = (
    "S. Chaganti et al., Automated Quantification of CT Patterns Associated with "
    "COVID-19 from Chest CT. Radiology: Artificial Intelligence 2(4), e200048, 2020"
)
_LOBES = "the five lobes"

CT_SS = ScoreDefinition(
    key="ct_ss",
    title="CT-SS",
    edges=(("<", 50),),
    meant_for="18 segments, two of the left lung split in two",
    rung=None,
    source=(
        "R. Yang et al., Chest CT Severity Score: An Imaging Tool for Assessing Severe "
        "COVID-19. Radiology: Cardiothoracic Imaging 2(2), e200047, 2020"
    ),
    reading="severe disease in the authors' cohort: above 19.5 of 40",
)
PAN_25 = ScoreDefinition(
    key="pan_25",
    title="25-point score",
    edges=(("<", 5), ("<=", 25), ("<", 50), ("<=", 75)),
    meant_for=_LOBES,
    rung=Rung.LOBES,
    source=(
        "F. Pan et al., Time Course of Lung Changes at Chest CT during Recovery from "
        "Coronavirus Disease 2019 (COVID-19). Radiology 295(3), 715-721, 2020"
    ),
)
FRANCONE_25 = ScoreDefinition(
    key="francone_25",
    title="25-point, Francone",
    edges=(("<", 5), ("<=", 25), ("<=", 50), ("<=", 75)),
    meant_for=_LOBES,
    rung=Rung.LOBES,
    source=(
        "M. Francone et al., Chest CT score in COVID-19 patients: correlation with "
        "disease severity and short-term prognosis. European Radiology 30, 6808-6817, "
        "2020"
    ),
    reading="higher mortality in the authors' cohort: 18 of 25 and above",
)
LSS = ScoreDefinition(
    key="lss",
    title="Lung severity score",
    edges=(("<=", 25), ("<=", 50), ("<=", 75)),
    meant_for=_LOBES,
    rung=Rung.LOBES,
    source=CHAGANTI,
)
LHOS = replace(LSS, key="lhos", title="High opacity score", of_dense=True)


def level_of(infected: int, voxels: int) -> Level:
    """Give the level of the Inf-Net papers by the voxels of both lungs.

    Parameters
    ----------
    infected, voxels : int
        Infected ones and all; at least one voxel.
    """
    if 100 * infected < voxels:
        return "regular"
    return "severe" if 2 * infected <= voxels else "critical"

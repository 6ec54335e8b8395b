"""What the integers in a mask mean, and the colour that each is shown in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "INFECTION",
    "LABEL_SETS",
    "LESIONS",
    "LOBES",
    "LUNGS",
    "NOT_INFECTED",
    "UNKNOWN_CLASS",
    "UNLABELLED",
    "LabelClass",
    "LabelSet",
    "Lesion",
    "Lung",
    "Tissue",
]

UNKNOWN_CLASS = 255
"""Infected, but nobody said of which class; only training reads it."""
UNLABELLED = 254
"""Nobody said anything; only training reads it."""
NOT_INFECTED = 253
"""Healthy lung or no lung at all; only training reads it."""


class Lesion(IntEnum):
    """Voxel values of a lesion mask."""

    BACKGROUND = 0
    GGO = 1
    CONSOLIDATION = 2


class Tissue(IntEnum):
    """What a pixel shows; lesions have the values of `Lesion`."""

    OUTSIDE = 0
    GGO = 1
    CONSOLIDATION = 2
    HEALTHY = 3


class Lung(IntEnum):
    """Voxel values of a lung mask; right and left are the patient's."""

    BACKGROUND = 0
    RIGHT = 1
    LEFT = 2


@dataclass(frozen=True)
class LabelClass:
    """One meaning of a voxel.

    Parameters
    ----------
    value : int
        Voxel value, 1 to 254.
    key : str
        Name in files and reports, such as ``ggo``.
    title : str
        Name on screen.
    colour : tuple of float
        Red, green, blue, each in [0, 1].
    """

    value: int
    key: str
    title: str
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class LabelSet:
    """The classes that a kind of mask may hold, background (0) left out."""

    name: str
    classes: tuple[LabelClass, ...]

    @property
    def values(self) -> tuple[int, ...]:
        """Voxel values of the classes, in order."""
        return tuple(label.value for label in self.classes)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the classes, in order."""
        return tuple(label.key for label in self.classes)


# Colour-blind safe (Okabe and Ito, 2008), far from the greys of a CT.
_ORANGE = (0.902, 0.624, 0.0)
_VERMILION = (0.835, 0.243, 0.0)
_SKY = (0.337, 0.706, 0.914)
_GREEN = (0.0, 0.620, 0.451)

INFECTION = LabelSet("infection", (LabelClass(1, "infection", "Infection", _ORANGE),))
LESIONS = LabelSet(
    "lesions",
    (
        LabelClass(Lesion.GGO, "ggo", "Ground-glass opacity", _ORANGE),
        LabelClass(Lesion.CONSOLIDATION, "consolidation", "Consolidation", _VERMILION),
    ),
)
LUNGS = LabelSet(
    "lungs",
    (
        LabelClass(Lung.RIGHT, "right_lung", "Right lung", _SKY),
        LabelClass(Lung.LEFT, "left_lung", "Left lung", _GREEN),
    ),
)
LOBES = LabelSet(
    "lobes",
    (
        LabelClass(1, "left_upper_lobe", "Left upper lobe", (0.000, 0.447, 0.698)),
        LabelClass(2, "left_lower_lobe", "Left lower lobe", _SKY),
        LabelClass(3, "right_upper_lobe", "Right upper lobe", _GREEN),
        LabelClass(4, "right_middle_lobe", "Right middle lobe", (0.941, 0.894, 0.259)),
        LabelClass(5, "right_lower_lobe", "Right lower lobe", (0.800, 0.475, 0.655)),
    ),
)
"""Numbered as the model LTRCLobes of the program *lungmask* does."""
LABEL_SETS = {labels.name: labels for labels in (INFECTION, LESIONS, LUNGS)}
"""Every label set by the name that a model card stores."""

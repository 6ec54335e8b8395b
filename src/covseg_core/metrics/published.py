"""What the papers report, for a side-by-side table; nothing here was measured."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PUBLISHED", "PUBLISHED_NOTE", "PublishedRow"]

PUBLISHED_NOTE = (
    "published by their authors on their own test slices; not measured here"
)


class PublishedRow(NamedTuple):
    """One line of a paper's table; None where only the Dice is quoted.

    `source` is the name of a paper in docs/measures.md, `slices` how many it was
    tested on.
    """

    method: str
    target: str
    source: str
    slices: int
    dice: float
    sensitivity: float | None = None
    specificity: float | None = None
    s_measure: float | None = None
    e_measure: float | None = None
    mae: float | None = None


_FAN = ("Fan 2020", 48)
_YILDIZHAN = ("Yildizhan", 50)

PUBLISHED = (
    PublishedRow("U-Net", "infection", *_FAN, 0.439),
    PublishedRow(
        "Inf-Net", "infection", *_FAN, 0.682, 0.692, 0.943, 0.781, 0.838, 0.082
    ),
    PublishedRow(
        "Semi-Inf-Net", "infection", *_FAN, 0.739, 0.725, 0.960, 0.800, 0.894, 0.064
    ),
    PublishedRow("Semi-Inf-Net + U-Net", "ggo", *_FAN, 0.624),
    PublishedRow("Semi-Inf-Net + U-Net", "consolidation", *_FAN, 0.362),
    PublishedRow(
        "VGG16", "infection", *_YILDIZHAN, 0.733, 0.699, 0.966, 0.782, 0.893, 0.063
    ),
    PublishedRow(
        "Res2Net", "infection", *_YILDIZHAN, 0.713, 0.716, 0.952, 0.781, 0.867, 0.073
    ),
    PublishedRow(
        "ResNeXt", "infection", *_YILDIZHAN, 0.711, 0.712, 0.954, 0.798, 0.866, 0.072
    ),
    PublishedRow(
        "ResNeSt", "infection", *_YILDIZHAN, 0.708, 0.701, 0.958, 0.795, 0.868, 0.072
    ),
    PublishedRow(
        "ResNet", "infection", *_YILDIZHAN, 0.702, 0.678, 0.961, 0.785, 0.858, 0.071
    ),
    PublishedRow(
        "iResNet", "infection", *_YILDIZHAN, 0.690, 0.658, 0.963, 0.781, 0.848, 0.073
    ),
)
"""The infnet2020 numbers of the papers; the last six are Inf-Net by its backbone."""

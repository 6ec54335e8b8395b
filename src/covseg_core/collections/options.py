"""What one may choose when a collection is read."""

from __future__ import annotations

from typing import Literal

from covseg_core.settings import Settings, setting

__all__ = ["ReadOptions"]


class ReadOptions(Settings):
    """How to read a collection; each knows some of these."""

    with_pseudo_labels: bool = setting(
        False, "covid-semiseg: keep its pseudo-labels as masks of a model."
    )
    with_non_informative: bool = setting(
        False, "ictcf: take slices that show no lung, too."
    )
    labels: Literal["lesions", "infection"] = setting(
        "lesions", "Your own files: what 1 means, ground glass (lesions) or infection."
    )

"""Which network a run trains: the settings behind command line and form."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from covseg_core.settings import Settings, setting

__all__ = ["USUAL_PARENT_SHARE", "NewModel", "NewNetwork"]

USUAL_PARENT_SHARE = 0.5
"""What a model keeps of its parent: with few new cases it would else forget the old."""


class NewNetwork(Settings):
    """Which network a run trains."""

    arch: str | None = setting(None, "Architecture; infnet if not given.")
    backbone: str | None = setting(
        None,
        "Backbone, of the papers in their widths, or of timm in small ones; resnet10t "
        "if not given.",
    )
    labels: Literal["infection", "lesions", "lungs"] | None = setting(
        None,
        "What a unet outlines: infection, opacity and consolidation, or both lungs.",
    )
    size: int | None = setting(
        None,
        "Rows and columns that it is shown; 256, or the parent's, if not given.",
        low=32,
    )

    @field_validator("size")
    @classmethod
    def _check_size(cls, size: int | None) -> int | None:
        if size is not None and size % 32:
            raise ValueError("must be a multiple of 32")
        return size


class NewModel(NewNetwork):
    """Which network a run trains, and from which weights."""

    arch: str | None = setting(
        None, "Architecture; infnet, or the parent's, if not given."
    )
    parent: str | None = setting(
        None, "Model to go on from; the new one takes its place if it is no worse."
    )
    start: Literal["parent", "base"] = setting(
        "parent", "With a parent: its weights, or those of the first of its line."
    )
    parent_share: float | None = setting(
        None,
        "With a parent: share of its weights in the model, which so forgets less; 0.5, "
        "or 0 from another architecture, if not given.",
        low=0,
        high=0.95,
    )

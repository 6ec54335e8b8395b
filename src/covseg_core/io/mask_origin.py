"""Who drew a mask, as a file for others has to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from covseg_core.volume import LabelVolume

__all__ = ["LUNGS_FOUND", "MaskOrigin", "OriginKind", "TracedMask"]

OriginKind: TypeAlias = Literal["model", "edited", "manual"]


@dataclass(frozen=True)
class MaskOrigin:
    """How a mask came about.

    Parameters
    ----------
    kind : {"model", "edited", "manual"}
        A model drew it; a model did and a reader corrected it; a reader drew it.
    model : str
        Name of the model, empty if there was none or it is not known.
    weights_sha256 : str
        Of the model's weights, empty if it has none.
    """

    kind: OriginKind
    model: str = ""
    weights_sha256: str = ""

    @property
    def algorithm_type(self) -> str:
        """(0062,0008) *Segment Algorithm Type*."""
        return {"model": "AUTOMATIC", "edited": "SEMIAUTOMATIC"}.get(
            self.kind, "MANUAL"
        )


LUNGS_FOUND = MaskOrigin("model", "covseg lungs")
"""Of a lung mask that `transforms.lungs.find_lungs` made."""


@dataclass(frozen=True, eq=False)
class TracedMask:
    """A mask and its origin."""

    mask: LabelVolume
    origin: MaskOrigin

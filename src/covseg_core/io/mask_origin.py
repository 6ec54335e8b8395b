"""Who drew a mask, as a file for others has to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from covseg_core.io.terminology import ARTIFICIAL_INTELLIGENCE, MORPHOLOGY, Code

if TYPE_CHECKING:
    from covseg_core.volume import LabelVolume, LungMask

__all__ = ["MaskOrigin", "OriginKind", "TracedMask"]

OriginKind: TypeAlias = Literal["model", "edited", "manual"]
_LEARNED_NOTHING = "hu-threshold"
"""The outliner that works by density, size and shape."""


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

    @property
    def family(self) -> Code:
        """(0066,002F) *Algorithm Family Code Sequence*, of DICOM CID 7162."""
        is_learned = self.model != _LEARNED_NOTHING
        return ARTIFICIAL_INTELLIGENCE if is_learned else MORPHOLOGY

    @classmethod
    def of_lungs(cls, lungs: LungMask) -> MaskOrigin:
        """Tell how lungs came about; those of a file may have been drawn by anybody."""
        found_by = lungs.source.outlined_by
        return cls("model", found_by) if found_by else cls("edited")


@dataclass(frozen=True, eq=False)
class TracedMask:
    """A mask and its origin."""

    mask: LabelVolume
    origin: MaskOrigin

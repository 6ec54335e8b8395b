"""What a report on severity says besides what was measured."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from covseg_core import __version__
from covseg_core.settings import Settings, setting
from covseg_core.severity.lung_sides import TOLD_APART
from covseg_core.volume import RESEARCH_ONLY

if TYPE_CHECKING:
    from covseg_core.io.mask_origin import MaskOrigin
    from covseg_core.volume import CTVolume, LesionMask, LungMask

__all__ = [
    "DEFAULT_TITLE",
    "LUNGS_WERE_GIVEN",
    "LUNGS_WERE_SIDED",
    "Identifiers",
    "Judgement",
    "ReportFacts",
    "Rsna",
    "SeverityCase",
    "notes_on_masks",
    "sha256_of_mask",
    "words_on_lungs",
]

DEFAULT_TITLE = "COVID-19 chest CT: severity report"
LUNGS_WERE_GIVEN = "given as a mask"
LUNGS_WERE_SIDED = (
    "given as a mask with one value for both; right and left told apart by place"
)
Rsna: TypeAlias = Literal["typical", "indeterminate", "atypical", "negative"]


class Judgement(Settings):
    """What a reader judged; quoted, never computed."""

    co_rads: int | None = setting(
        None, "CO-RADS category, as the reader judged it.", low=1, high=6
    )
    rsna: Rsna | None = setting(None, "RSNA category, as the reader judged it.")
    note: str = setting("", "Words of the reader; no names.")

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What was said, for a table."""
        said = {
            "CO-RADS (reader)": "" if self.co_rads is None else str(self.co_rads),
            "RSNA category (reader)": self.rsna or "",
            "Reader's note": self.note.strip(),
        }
        return tuple((name, value) for name, value in said.items() if value)


_NO_JUDGEMENT = Judgement()


@dataclass(frozen=True)
class Identifiers:
    """Whose scan it is, for a report that names its patient."""

    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    study_date: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What is known, for a table."""
        names = {
            "patient_name": "Patient",
            "patient_id": "Patient ID",
            "birth_date": "Born",
            "study_date": "Study date",
        }
        known = asdict(self)
        return tuple((title, known[key]) for key, title in names.items() if known[key])


@dataclass(frozen=True)
class ReportFacts:
    """How the masks came about, and what a person adds.

    Parameters
    ----------
    origin : MaskOrigin or None
        Who drew the mask; None if that is not known.
    threshold : float or None
        Probability above which the model called a voxel infected, if known.
    lungs : str
        Where the lung mask came from, as part of a sentence.
    created_utc : str
        Date and time in ISO 8601.
    title : str
        Of the report.
    judgement : Judgement
        Of a reader.
    identifiers : Identifiers or None
        None leaves every identifier out.
    mask_sha256 : str
        Of the voxels of the mask in the order of the scan.
    covseg : str
        Version of the program.
    """

    origin: MaskOrigin | None
    threshold: float | None
    lungs: str
    created_utc: str
    title: str = DEFAULT_TITLE
    judgement: Judgement = _NO_JUDGEMENT
    identifiers: Identifiers | None = None
    mask_sha256: str = ""
    covseg: str = __version__

    @classmethod
    def of(
        cls,
        case: SeverityCase,
        origin: MaskOrigin | None,
        lungs: str,
        threshold: float | None = None,
    ) -> ReportFacts:
        """Begin a report on a case now, without what a person adds."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        sha256 = sha256_of_mask(case.lesions)
        return cls(origin, threshold, lungs, now, mask_sha256=sha256)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; identifiers only where there are any."""
        document = {
            "title": self.title,
            "warning": RESEARCH_ONLY,
            "covseg": self.covseg,
            "created_utc": self.created_utc,
            "model": self._model(),
            "mask": {
                "kind": None if self.origin is None else self.origin.kind,
                "sha256": self.mask_sha256,
            },
            "lungs": self.lungs,
            "reader_judgement": self.judgement.model_dump(),
        }
        if self.identifiers is not None:
            document["identifiers"] = asdict(self.identifiers)
        return document

    def _model(self) -> dict[str, Any] | None:
        if self.origin is None or not self.origin.model:
            return None
        return {
            "name": self.origin.model,
            "weights_sha256": self.origin.weights_sha256,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, eq=False)
class SeverityCase:
    """A scan with the masks that were measured, on its grid."""

    ct: CTVolume
    lesions: LesionMask
    lungs: LungMask


def words_on_lungs(lungs: LungMask) -> str:
    """Tell where a lung mask came from; see `ReportFacts.lungs`."""
    if lungs.source.outlined_by:
        return f"found by {lungs.source.outlined_by}"
    return LUNGS_WERE_SIDED if TOLD_APART in lungs.source.notes else LUNGS_WERE_GIVEN


def notes_on_masks(case: SeverityCase) -> tuple[str, ...]:
    """Say what was found when the masks were read, in sentences."""
    notes = (*case.lesions.source.notes, *case.lungs.source.notes)
    return tuple(f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes)


def sha256_of_mask(lesions: LesionMask) -> str:
    """Hash the voxels of a mask in the order of its scan, slice by slice."""
    digest = hashlib.sha256()
    for plane in lesions.labels:
        digest.update(plane.tobytes())
    return digest.hexdigest()

"""What is known of a case: whose, which split, in what state, with which masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from covseg_core.cases.seal import require_seal, seal, unsealed
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.registry.card import NAME_PATTERN
from covseg_core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "SOURCES",
    "SPLITS",
    "STATES",
    "TRUSTED",
    "CaseRecord",
    "MaskSource",
    "MaskVersion",
    "Split",
    "State",
    "parse_record",
    "render_record",
    "revised",
    "stated",
]

MaskSource: TypeAlias = Literal["manual", "edited", "model"]
Split: TypeAlias = Literal["train", "validation", "held-out"]
State: TypeAlias = Literal["new", "in progress", "done", "flagged"]

SOURCES: tuple[MaskSource, ...] = ("manual", "edited", "model")
TRUSTED: tuple[MaskSource, ...] = ("manual", "edited")
"""Masks that a person answers for."""
SPLITS: tuple[Split, ...] = ("train", "validation", "held-out")
STATES: tuple[State, ...] = ("new", "in progress", "done", "flagged")

SHA256 = r"^[0-9a-f]{64}$"
MASK_FILE = r"^v(\d{4,8})_(manual|edited|model)\.nii\.gz$"

_Kept = TypeVar("_Kept", bound=Settings)


def _writable(text: str) -> str:
    # A command line in another encoding gives halves of characters.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("must be text in UTF-8") from error
    return text


Text: TypeAlias = Annotated[str, AfterValidator(_writable)]


class MaskVersion(Settings):
    """One saved mask of a case; it never changes.

    `parent` is the version that it was made from.  `beside` names older versions
    made from the same parent: someone else saved while this one was drawn.
    `confidence`, in [0, 1], is how sure a model was of it.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    number: int = Field(ge=1)
    file: str = Field(pattern=MASK_FILE)
    sha256: str = Field(pattern=SHA256)
    label_set: Literal["lesions", "infection"]
    source: MaskSource
    parent: int | None = Field(None, ge=1)
    beside: tuple[int, ...] = ()
    model: Text | None = None
    model_sha256: str | None = None
    confidence: float | None = Field(None, ge=0, le=1)
    role: Text = ""
    seconds_spent: float = Field(0.0, ge=0)
    note: Text = ""
    created_utc: str

    @property
    def is_beside(self) -> bool:
        """Whether another version was made from the same parent before."""
        return bool(self.beside)


class CaseRecord(Settings):
    """All that ``case.json`` tells of a case.

    `ct_sha256` and `lungs_sha256` are of the files; `image_sha256` is of voxels and
    geometry, whatever the file.  `kind` tells what the scan was read from; pictures
    (``images``) have no voxel size.  A `synthetic` scan was made by a model.
    """

    case_id: str = Field(pattern=NAME_PATTERN)
    patient: str = Field(pattern=r"^p-[0-9a-f]{12}$")
    split: Split
    state: State = "new"
    ct_sha256: str = Field(pattern=SHA256)
    lungs_sha256: str | None = Field(None, pattern=SHA256)
    image_sha256: str = Field(pattern=SHA256)
    is_hu: bool
    kind: Literal["dicom", "nifti", "images", "phantom", "memory"]
    synthetic: bool = False
    collection: Text = ""
    licence: Text = ""
    comment: Text = ""
    versions: tuple[MaskVersion, ...] = ()
    created_utc: str

    def version(self, number: int) -> MaskVersion:
        """Find a version by its number.

        Raises
        ------
        InputRefusedError
            If there is none; lists the numbers there are.
        """
        for version in self.versions:
            if version.number == number:
                return version
        numbers = ", ".join(str(version.number) for version in self.versions)
        raise InputRefusedError(
            f"{self.case_id} has no mask {number}; it has {numbers or 'none yet'}."
        )

    def newest(self, sources: Collection[str] = SOURCES) -> MaskVersion | None:
        """Find the newest mask of certain sources, None if there is none."""
        fitting = [one for one in self.versions if one.source in sources]
        return max(fitting, key=lambda one: one.number, default=None)


def render_record(record: CaseRecord) -> str:
    """Write a record as the text of its ``case.json``."""
    return seal(record.model_dump(mode="json"))


def parse_record(text: str, case_id: str) -> CaseRecord:
    """Read a record from the text of its ``case.json``.

    Parameters
    ----------
    text : str
        What `render_record` wrote.
    case_id : str
        Name of the case's folder.

    Raises
    ------
    InputRefusedError
        Names the case and the first field that is wrong.
    """
    what = f"the record of {case_id}"
    document, found = unsealed(text, what)
    try:
        record = CaseRecord.model_validate(document)
    except ValidationError as error:
        raise InputRefusedError(
            f"{what} cannot be read: {_first_problem(error)}. "
            "Put its case.json back from a backup."
        ) from error
    require_seal(document, found, what)
    if record.case_id != case_id:
        raise InputRefusedError(
            f"the case in the folder {case_id!r} calls itself {record.case_id!r}; "
            "give the folder that name again."
        )
    return record


def stated(kind: type[_Kept], facts: Mapping[str, Any]) -> _Kept:
    """Make a record or version of what a caller says.

    Raises
    ------
    UsageError
        Names the first field that is wrong.
    """
    try:
        return kind.model_validate(facts)
    except ValidationError as error:
        raise UsageError(f"{_first_problem(error)}.") from error


def revised(kept: _Kept, **change: object) -> _Kept:
    """Copy a record with some fields changed; raises as `stated` does."""
    return stated(type(kept), dict(kept) | change)


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "the document"
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {message[:1].lower()}{message[1:]}"

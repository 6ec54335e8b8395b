"""What a PACS says about an object that was sent (DICOM PS3.18 10.5.3, PS3.3 C.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from covseg_core.io.pacs.answer import read_json
from covseg_core.io.pacs.dicom_json import count, datasets, text, values
from covseg_core.io.pacs.failures import PacsError

if TYPE_CHECKING:
    from covseg_core.io.pacs.answer import Answer

__all__ = ["Outcome", "StoredObject", "outcome_in"]

FAILED, STORED = "00081198", "00081199"
INSTANCE, FAILURE, WARNING = "00081155", "00081197", "00081196"
_FAILURES = {
    0x0110: "it could not process the object",
    0x0111: "it has an object with that UID already",
    0x0117: "the UID is none",
    0x0122: "it does not store objects of that kind",
    0x0124: "you may not store there",
    0x0131: "the object belongs to another study than it knows",
}
_FAILURE_RANGES = {
    0xA7: "it has no room left",
    0xA9: "the object is not what its kind asks for",
    0xC0: "it cannot understand the object",
    0xC1: "it does not store objects of that form",
}
_WARNINGS = {
    0xB000: "it changed some elements",
    0xB006: "it left some elements out",
    0xB007: "it finds the object not quite what its kind asks for",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one object: stored unless there is a failure.

    Parameters
    ----------
    failure, warning : str
        Sentences; empty where there is nothing to say.
    """

    failure: str = ""
    warning: str = ""


@dataclass(frozen=True)
class StoredObject:
    """What became of one file.

    Parameters
    ----------
    name : str
        Of the file, without folders.
    kind : str
        What it is, in words.
    sop_instance : str
        (0008,0018) *SOP Instance UID*.
    outcome : Outcome
        Whether it is stored.
    """

    name: str
    kind: str
    sop_instance: str
    outcome: Outcome

    @property
    def is_stored(self) -> bool:
        """Whether the PACS said that it has it."""
        return not self.outcome.failure


def outcome_in(answer: Answer, sop_instance: str) -> Outcome:
    """Read whether an object is stored, and what the PACS remarked.

    Raises
    ------
    PacsError
        If the answer is none of DICOM, or broke.
    """
    told = datasets(read_json(answer), answer.host)
    if (item := _item(told, FAILED, sop_instance)) is not None:
        return Outcome(failure=_failure(answer.host, count(item, FAILURE)))
    if (item := _item(told, STORED, sop_instance)) is not None:
        return Outcome(warning=_warning(answer.host, count(item, WARNING)))
    if answer.status == 409:
        return Outcome(
            failure=f"{answer.host} did not store it and does not say why (409)."
        )
    raise PacsError(
        f"{answer.host} took it without saying whether it stored it.", in_doubt=True
    )


def _item(
    told: tuple[dict[str, Any], ...], tag: str, sop_instance: str
) -> dict[str, Any] | None:
    for item in (item for one in told for item in values(one, tag)):
        if isinstance(item, dict) and text(item, INSTANCE) == sop_instance:
            return item
    return None


def _failure(host: str, code: int | None) -> str:
    if code is None:
        return f"{host} did not store it and does not say why."
    said = _FAILURES.get(code) or _FAILURE_RANGES.get(code >> 8)
    return f"{host} did not store it: {said or 'it has its reasons'} ({code:04X})."


def _warning(host: str, code: int | None) -> str:
    if not code:
        return ""
    return f"{host} remarked: {_WARNINGS.get(code, 'it has a remark')} ({code:04X})."

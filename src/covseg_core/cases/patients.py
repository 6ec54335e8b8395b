"""Name patients without telling who they are, and keep each in one split."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from typing import TYPE_CHECKING

from covseg_core.cases.record import SPLITS, Split
from covseg_core.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covseg_core.cases.record import CaseRecord

__all__ = ["choose_split", "pseudonym_of"]

PERCENT: dict[Split, int] = {"train": 60, "held-out": 20, "validation": 20}
"""Share of patients; of equal needs the first is served first."""


def pseudonym_of(patient: str, salt: str) -> str:
    """Hide a patient behind a name that only this store gives.

    Spaces around it and the case of letters do not count.  Whoever has the store
    can still try out names that they know of.

    Parameters
    ----------
    patient : str
        Name or identifier.
    salt : str
        The store's random text.
    """
    text = patient.strip().casefold().encode("utf-8", "surrogateescape")
    return "p-" + hmac.new(salt.encode(), text, hashlib.sha256).hexdigest()[:12]


def choose_split(
    records: Iterable[CaseRecord], patient: str, wanted: str | None = None
) -> Split:
    """Give a patient's split: the one that they have, else the one most in need.

    Parameters
    ----------
    records : iterable of CaseRecord
        All cases of the store.
    patient : str
        The pseudonym.
    wanted : str, optional
        For a new patient.

    Raises
    ------
    InputRefusedError
        If the patient is in another split than the wanted one.
    UsageError
        If the wanted split is none.
    """
    if wanted is not None and wanted not in SPLITS:
        raise UsageError(f"the split {wanted!r} is none of {', '.join(SPLITS)}.")
    splits = {record.patient: record.split for record in records}
    settled = splits.get(patient)
    if settled is None:
        return next((one for one in SPLITS if one == wanted), _most_needed(splits))
    if wanted not in (None, settled):
        raise InputRefusedError(
            f"this patient's cases are in the split {settled!r} and stay together, "
            f"so this one cannot go to {wanted!r}. Leave the split away."
        )
    return settled


def _most_needed(splits: dict[str, Split]) -> Split:
    counts = Counter(splits.values())
    patients = len(splits) + 1
    return max(PERCENT, key=lambda one: PERCENT[one] * patients - 100 * counts[one])

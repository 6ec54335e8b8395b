"""`covseg cases add`: a scan, a mask, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from cyclopts import Parameter

from covseg_core.cases.record import MaskSource, Split
from covseg_core.cli.output import say, say_json
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.labels import LABEL_SETS, LESIONS
from covseg_core.settings import Settings, setting
from covseg_core.volume import LesionMask

if TYPE_CHECKING:
    from covseg_core.cases.record import CaseRecord, MaskVersion
    from covseg_core.cases.store import CaseStore
    from covseg_core.volume import CTVolume, Grid

__all__ = ["add"]


class ScanFacts(Settings):
    """What is said of a new scan."""

    patient: str | None = setting(
        None, "Name or number, kept as a pseudonym only; DICOM's own if not given."
    )
    split: Split | None = setting(
        None, "For a new patient; chosen towards 60, 20, 20 % if not given."
    )
    collection: str = setting("", "Where the scan comes from.")
    licence: str = setting("", "What one may do with the scan.")
    allow_synthetic: bool = setting(
        False, "Take a scan that a model made, as by covseg whatif."
    )


class MaskFacts(Settings):
    """What is said of a mask."""

    source: MaskSource = setting("manual", "Who made the mask.")
    labels: Literal["lesions", "infection"] | None = setting(
        None, "What 1 means: ground glass (lesions) or infection; as the parent if any."
    )
    parent: int | None = setting(
        None, "Number of the mask that this one was made from.", low=1
    )
    model: str | None = setting(None, "Model that predicted it or its parent.")
    role: str = setting("", "Role of the reader, no name.")
    seconds: float = setting(0.0, "How long the reader took.", low=0)
    note: str = setting("", "Anything else; nothing that identifies a patient.")


@dataclass(frozen=True, eq=False)
class Request:
    """The files that the user gives."""

    ct: CTVolume | None
    mask: Path | None
    lungs: Path | None
    healthy: bool

    @property
    def has_mask(self) -> bool:
        """Whether it is said where lesions are, or that there are none."""
        return self.mask is not None or self.healthy


def add(
    store: Path,
    /,
    *,
    ct: Path | None = None,
    mask: Path | None = None,
    lungs: Path | None = None,
    healthy: bool = False,
    case: str | None = None,
    series: str | None = None,
    scan_facts: Annotated[ScanFacts, Parameter(name="*")] = ScanFacts(),  # noqa: B008
    mask_facts: Annotated[MaskFacts, Parameter(name="*")] = MaskFacts(),  # noqa: B008
    json: bool = False,
) -> None:
    """Add a scan, a mask of it, or both.

    Parameters
    ----------
    store
        Folder of the case store; a new or empty folder becomes one.
    ct
        DICOM folder, NIfTI file, or picture of one slice; not needed for a known case.
    mask
        Mask of infection on the scan: NIfTI, DICOM SEG, or PNG for a picture.
    lungs
        Lung mask of a new scan, 1 right and 2 left.
    healthy
        There is no lesion: an empty mask is added.
    case
        Id of the case; the next free one if not given.
    series
        Series Instance UID, where there are several.
    scan_facts
        What is said of a new scan.
    mask_facts
        What is said of the mask.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore
    from covseg_core.cli.cases.inputs import read_scan

    if healthy and mask is not None:
        raise UsageError("--healthy says that there is no lesion; leave --mask away.")
    outlined = healthy or mask is not None
    if not outlined and mask_facts != MaskFacts():
        raise UsageError("--source and what else tells of a mask need --mask.")
    if ct is None and (case is None or not outlined):
        raise UsageError("give a scan with --ct, or a known --case with a --mask.")
    scan = None if ct is None else read_scan(ct, series)
    opened = CaseStore(store) if scan is None else CaseStore.create(store)
    request = Request(scan, mask, lungs, healthy)
    version: MaskVersion | None
    if case is not None and opened.has(case):
        _require_same(opened, case, request, scan_facts)
        record, version = _add_version(opened, case, request, mask_facts)
    else:
        record, version = _add_new(opened, case, request, scan_facts, mask_facts)
    _report(record, version, json)


def _require_same(
    store: CaseStore, case: str, request: Request, facts: ScanFacts
) -> None:
    """Refuse what would say something else of a case than what it is."""
    from covseg_core.transforms.fingerprint import hash_ct

    record = store.read(case)
    if request.ct is not None and hash_ct(request.ct) != record.image_sha256:
        raise InputRefusedError(
            f"{case} holds another scan. Leave --case away, or give a new name."
        )
    patient = facts.patient
    if patient is not None and store.pseudonym(patient) != record.patient:
        raise InputRefusedError(
            f"{case} is the scan of another patient. Leave --patient away, or give "
            "another case."
        )
    if facts.split not in (None, record.split):
        raise InputRefusedError(
            f"{case} is in the split {record.split!r} and stays there. "
            "Leave --split away."
        )
    if request.lungs is not None or facts.collection or facts.licence:
        raise UsageError(
            f"--lungs, --collection and --licence are for a new scan; {case} is there "
            "already."
        )


def _add_version(
    store: CaseStore, case: str, request: Request, facts: MaskFacts
) -> tuple[CaseRecord, MaskVersion]:
    """Add a mask to a case that there is."""
    if not request.has_mask:
        raise UsageError(f"{case} has this scan already; give a --mask to add.")
    record = store.read(case)
    label_set = LESIONS.name
    if facts.parent is not None:
        label_set = record.version(facts.parent).label_set
    lesions = _read_mask(request, store.grid(case), facts, label_set)
    return _save(store, case, lesions, facts)


def _add_new(
    store: CaseStore,
    case: str | None,
    request: Request,
    scan_facts: ScanFacts,
    mask_facts: MaskFacts,
) -> tuple[CaseRecord, MaskVersion | None]:
    """Add a scan, and its mask if there is one."""
    from covseg_core.cli.cases.inputs import read_lungs

    ct = request.ct
    if ct is None:
        raise UsageError(f"there is no case {case!r} yet; give its scan with --ct.")
    if mask_facts.parent is not None:
        raise UsageError("a new case has no masks yet; leave --parent away.")
    # A mask that is refused must not leave a case without one.
    lesions = None
    if request.has_mask:
        lesions = _read_mask(request, ct.grid, mask_facts, LESIONS.name)
        lesions.require_on(ct)
    record = store.add_case(
        ct,
        case_id=case,
        lungs=None if request.lungs is None else read_lungs(request.lungs, ct.grid),
        **scan_facts.model_dump(),
    )
    if lesions is None:
        return record, None
    return _save(store, record.case_id, lesions, mask_facts)


def _read_mask(
    request: Request, grid: Grid, facts: MaskFacts, label_set: str
) -> LesionMask:
    from covseg_core.cli.cases.inputs import read_lesions

    labels = facts.labels or label_set
    if request.mask is None:
        return LesionMask(np.zeros(grid.shape, np.uint8), grid, LABEL_SETS[labels])
    return read_lesions(request.mask, grid, labels)


def _save(
    store: CaseStore, case: str, lesions: LesionMask, facts: MaskFacts
) -> tuple[CaseRecord, MaskVersion]:
    """Add a mask; a new case that a person outlined is done."""
    version = store.add_mask(
        case,
        lesions,
        source=facts.source,
        parent=facts.parent,
        model=facts.model,
        model_sha256=_weights_of(facts.model),
        role=facts.role,
        seconds_spent=facts.seconds,
        note="; ".join(filter(None, (facts.note, *lesions.source.notes))),
    )
    record = store.read(case)
    if facts.source != "model" and record.state == "new":
        record = store.set_state(case, "done")
    return record, version


def _weights_of(model: str | None) -> str | None:
    """Find the hash of a model's weights, None if it is not on this computer."""
    from covseg_core.errors import ModelRefusedError
    from covseg_core.registry.store import find_model

    if model is None:
        return None
    try:
        return find_model(model).card.weights_sha256 or None
    except ModelRefusedError:
        return None


def _report(record: CaseRecord, version: MaskVersion | None, json: bool) -> None:
    if json:
        say_json(
            {
                "case": record.case_id,
                "patient": record.patient,
                "split": record.split,
                "state": record.state,
                "version": None if version is None else version.number,
                "file": None if version is None else version.file,
                "note": "" if version is None else version.note,
                "beside": [] if version is None else list(version.beside),
            }
        )
        return
    what = "" if version is None else f", mask {version.number} ({version.source})"
    say(f"{record.case_id}{what}: {record.split}, {record.state}")
    if version is not None and version.note:
        say(f"note: {version.note}")
    if version is not None and version.is_beside:
        others = ", ".join(map(str, version.beside))
        say(
            f"note: made from mask {version.parent} as mask {others} was meanwhile; "
            "all are kept, compare them."
        )

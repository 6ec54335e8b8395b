"""Read the measurements of a DICOM structured report that follows TID 1500."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from pydicom import dcmread
from pydicom.dataelem import RawDataElement

from covseg_core.errors import InputRefusedError
from covseg_core.io.dicom.elements import first_number, integer, items, quiet, text
from covseg_core.io.dicom.measurements import (
    Algorithm,
    Evaluation,
    Measurement,
    MeasurementGroup,
    MeasurementReport,
)
from covseg_core.io.refusing import refusing
from covseg_core.io.terminology import ARTIFICIAL_INTELLIGENCE, Code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

__all__ = ["read_sr_measurements"]

MAX_BYTES = 64 * 1024**2
"""A report of words and numbers has no more."""
_OPEN_LENGTH = 0xFFFFFFFF
_TEMPLATE = "1500"
_PARSED = ("ContentTemplateSequence", "ContentSequence")
_Name: TypeAlias = tuple[str, str]
_Parts: TypeAlias = "dict[_Name, list[Dataset]]"
_GROUPS: _Name = "DCM", "126010"
_GROUP: _Name = "DCM", "125007"
_TITLE: _Name = "DCM", "112039"
_FINDING: _Name = "DCM", "121071"
_SITE: _Name = "SCT", "363698007"
_SIDE: _Name = "SCT", "272741003"
_SEGMENT: _Name = "DCM", "121191"
_COMMENT: _Name = "DCM", "121106"
_ALGORITHM: _Name = "DCM", "111001"
_VERSION: _Name = "DCM", "111003"
_PARAMETERS: _Name = "DCM", "111002"
_FAMILY: _Name = "DCM", "111000"
_DERIVATION: _Name = "DCM", "121401"
_METHOD: _Name = "SCT", "370129005"
_NOT_ASKED = {_FINDING, _SITE, _METHOD, ("SCT", "276214006"), _FAMILY}
"""Codes of a group that say what it is about, and are no answers."""
_NOTHING = Code("", "", "")


def read_sr_measurements(path: Path) -> MeasurementReport:
    """Read groups, numbers, answers and comments.

    Measurements that are nested in others, and coordinates, are left out.

    Parameters
    ----------
    path : Path
        A report of any maker.

    Raises
    ------
    InputRefusedError
        If the file is damaged or is no measurement report.
    """
    with refusing(path, "DICOM measurement report"), quiet():
        _require_size(path)
        # Nothing else is parsed, so that no name enters the memory.
        root = dcmread(path, specific_tags=list(_PARSED))
        _require_whole(root)
        if _TEMPLATE not in {
            text(one, "TemplateIdentifier")
            for one in items(root, "ContentTemplateSequence")
        }:
            raise InputRefusedError(
                "it does not follow template 1500, Measurement Report. Give a "
                "structured report of measurements."
            )
        parts = _parts(root)
        return MeasurementReport(
            tuple(
                _group(group)
                for container in parts.get(_GROUPS, ())
                for group in _parts(container).get(_GROUP, ())
            ),
            tuple(text(one, "TextValue") for one in parts.get(_COMMENT, ())),
        )


def _require_size(path: Path) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise InputRefusedError(
            f"it has more than {MAX_BYTES // 1024**2} MiB, which no report of "
            "measurements needs. Give a structured report."
        )


def _require_whole(root: Dataset) -> None:
    """Refuse a file that ends within its content, of which pydicom says nothing."""
    content = root.get_item("ContentSequence")
    if isinstance(content, RawDataElement) and content.value is not None:
        missing = content.length - len(content.value)
        if content.length != _OPEN_LENGTH and missing > 0:
            raise InputRefusedError(
                f"its last {missing} bytes are missing. Copy it again."
            )


def _group(group: Dataset) -> MeasurementGroup:
    parts = _parts(group)
    sites = parts.get(_SITE, ())
    return MeasurementGroup(
        title=_text(parts, _TITLE),
        finding=_answer(parts, _FINDING) or _NOTHING,
        site=_answer(parts, _SITE) or _NOTHING,
        side=_answer(_parts(sites[0]), _SIDE) if sites else None,
        segment=_segment(parts),
        algorithm=_algorithm(parts),
        measurements=tuple(_measurements(parts)),
        evaluations=tuple(_evaluations(parts)),
    )


def _measurements(parts: _Parts) -> Iterator[Measurement]:
    for item in chain.from_iterable(parts.values()):
        if text(item, "ValueType") != "NUM":
            continue
        # A number may be missing, with a reason in its place.
        for measured in items(item, "MeasuredValueSequence"):
            exact = first_number(measured, "FloatingPointValue")
            rounded = first_number(measured, "NumericValue")
            value = rounded if exact is None else exact
            if value is not None:
                yield _measurement(item, measured, value)


def _measurement(item: Dataset, measured: Dataset, value: float) -> Measurement:
    more = _parts(item)
    return Measurement(
        _code(item, "ConceptNameCodeSequence") or _NOTHING,
        value,
        _code(measured, "MeasurementUnitsCodeSequence") or _NOTHING,
        _answer(more, _DERIVATION),
        _answer(more, _METHOD),
    )


def _evaluations(parts: _Parts) -> Iterator[Evaluation]:
    for name, found in parts.items():
        for item in () if name in _NOT_ASKED else found:
            concept = _code(item, "ConceptNameCodeSequence")
            answer = _code(item, "ConceptCodeSequence")
            if concept is not None and answer is not None:
                yield Evaluation(concept, answer)


def _segment(parts: _Parts) -> int | None:
    for item in parts.get(_SEGMENT, ()):
        for reference in items(item, "ReferencedSOPSequence"):
            return integer(reference, "ReferencedSegmentNumber")
    return None


def _algorithm(parts: _Parts) -> Algorithm | None:
    name = _text(parts, _ALGORITHM)
    if not name:
        return None
    remarks = tuple(text(one, "TextValue") for one in parts.get(_PARAMETERS, ()))
    family = _answer(parts, _FAMILY) or ARTIFICIAL_INTELLIGENCE
    return Algorithm(name, _text(parts, _VERSION), remarks, family)


def _parts(parent: Dataset) -> _Parts:
    """Sort the content of an item by the code of its name, in order."""
    parts: _Parts = {}
    for item in items(parent, "ContentSequence"):
        for code in items(item, "ConceptNameCodeSequence")[:1]:
            name = text(code, "CodingSchemeDesignator"), text(code, "CodeValue")
            parts.setdefault(name, []).append(item)
    return parts


def _text(parts: _Parts, name: _Name) -> str:
    return next((text(one, "TextValue") for one in parts.get(name, ())), "")


def _answer(parts: _Parts, name: _Name) -> Code | None:
    for item in parts.get(name, ()):
        return _code(item, "ConceptCodeSequence")
    return None


def _code(item: Dataset, keyword: str) -> Code | None:
    for code in items(item, keyword):
        return Code(
            text(code, "CodingSchemeDesignator"),
            text(code, "CodeValue"),
            text(code, "CodeMeaning"),
        )
    return None

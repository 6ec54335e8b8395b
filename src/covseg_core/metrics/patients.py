"""Whose case each file is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.errors import InputRefusedError
from covseg_core.metrics.pairs import stem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["patients_of"]


def patients_of(names: Sequence[str], table: Path | None) -> dict[str, str]:
    """Find the patient of each case.

    Parameters
    ----------
    names : sequence of str
        Of the cases.
    table : Path or None
        A CSV file with the columns ``name`` and ``patient``, names with or without
        their ending; without it every case has its own patient.

    Raises
    ------
    InputRefusedError
        If the table cannot be read, or a case is not in it or twice with two
        patients.
    """
    if table is None:
        return {name: name for name in names}
    owners = _read(table)
    missing = [name for name in names if name not in owners]
    if missing:
        raise InputRefusedError(
            f"{table.name} names no patient for {', '.join(missing)}. Add a line for "
            "each."
        )
    return {name: owners[name] for name in names}


def _read(table: Path) -> dict[str, str]:
    columns, rows = _rows_of(table)
    if not {"name", "patient"} <= set(columns):
        raise InputRefusedError(
            f"{table.name} has the columns {', '.join(columns or ['none'])}; "
            "name and patient are needed. Add them as its first line."
        )
    owners: dict[str, str] = {}
    for row in rows:
        if not row["name"]:
            raise InputRefusedError(
                f"{table.name} has a line without a name. Name the case or remove it."
            )
        name, patient = stem_of(Path(row["name"])), (row["patient"] or "").strip()
        if not patient or owners.setdefault(name, patient) != patient:
            raise InputRefusedError(
                f"{table.name} gives {name} no patient or two. Give it one."
            )
    return owners


def _rows_of(table: Path) -> tuple[list[str], list[dict[str, str | None]]]:
    """Read the names of the columns and the lines; what a short line lacks is None."""
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
        reader = csv.DictReader(lines)
        return list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputRefusedError(
            f"{table.name} cannot be read as a CSV file in UTF-8. Export it again."
        ) from error

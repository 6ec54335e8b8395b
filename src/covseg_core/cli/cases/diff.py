"""`covseg cases diff`: what changed between two masks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from covseg_core.cli.output import say, say_json
from covseg_core.errors import UsageError

if TYPE_CHECKING:
    from covseg_core.cases.diff import MaskDiff

__all__ = ["diff"]


def diff(
    store: Path,
    case: str,
    old: int | None = None,
    new: int | None = None,
    /,
    *,
    json: bool = False,
) -> None:
    """Tell what changed between two masks of a case.

    Parameters
    ----------
    store
        Folder of the case store.
    case
        Id of the case.
    old
        Number of a mask; if not given, what the newest was made from.
    new
        Number of the mask to compare it with; the newest if not given.
    json
        Print one JSON document.
    """
    from covseg_core.cases.diff import diff as compare
    from covseg_core.cases.diff import newest_pair
    from covseg_core.cases.store import CaseStore

    if old is not None and new is None:
        raise UsageError("give the numbers of both masks, or of none.")
    opened = CaseStore(store)
    if old is None or new is None:
        old, new = newest_pair(opened.read(case))
    found = compare(opened, case, old, new)
    if json:
        say_json(_document(found))
        return
    _say(found)


def _document(found: MaskDiff) -> dict[str, object]:
    derived = ("old_ml", "new_ml", "gained_ml", "lost_ml")
    return asdict(found) | {name: getattr(found, name) for name in derived}


def _say(found: MaskDiff) -> None:
    say(f"{found.case}: mask {found.old} and mask {found.new}")
    say(f"  {'changed voxels':16}{found.changed_voxels:12}")
    say(f"  {'Dice':16}{found.dice:12.3f}")
    if found.voxel_ml is None:
        say(f"  {'gained voxels':16}{found.gained_voxels:12}")
        say(f"  {'lost voxels':16}{found.lost_voxels:12}")
        return
    say(f"  {'gained':16}{found.gained_ml:12.2f} ml")
    say(f"  {'lost':16}{found.lost_ml:12.2f} ml")
    old, new = found.old_ml or {}, found.new_ml or {}
    for key in dict.fromkeys([*old, *new]):
        say(f"  {key:16}{old.get(key, 0):12.2f} ml  {new.get(key, 0):12.2f} ml")

"""`covseg cases import`: a public collection, or many files of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from covseg_core.cli.output import say, say_json
from covseg_core.collections.options import ReadOptions
from covseg_core.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from covseg_core.collections.importing import ImportSummary

__all__ = ["import_command"]


def import_command(
    store: Path | None = None,
    folder: Path | None = None,
    /,
    *,
    collection: str | None = None,
    options: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    json: bool = False,
) -> None:
    """Add the scans and masks of a public collection, or of files of your own.

    What is in the store already is left as it is, so an import that was stopped can
    be repeated.

    Parameters
    ----------
    store
        Folder of the case store; a new or empty folder becomes one.
    folder
        The unpacked download.
    collection
        Which collection it is; --list shows them.
    options
        How it is read.
    list_
        List the collections with their licences.
    json
        Print one JSON document.
    """
    if list_:
        _list(json)
        return
    if store is None or folder is None or collection is None:
        raise UsageError(
            "give a store, the folder of a collection and --collection NAME; "
            "--list shows the collections."
        )
    summary = _import(store, folder, collection, options)
    _report(summary, collection, json)
    if summary.refused:
        name, reason = summary.refused[0]
        raise InputRefusedError(
            f"{len(summary.refused)} cases were refused, {name} first: {reason}"
        )


def _import(
    store: Path, folder: Path, name: str, options: ReadOptions
) -> ImportSummary:
    from covseg_core.cases.store import CaseStore
    from covseg_core.cli.progress import follow
    from covseg_core.collections import find_collection
    from covseg_core.collections.importing import import_collection

    collection = find_collection(name)
    # First, as a folder of another layout must not leave an empty store behind.
    listed = collection.list_cases(folder, options)
    return follow(import_collection(CaseStore.create(store), collection, listed))


def _list(json: bool) -> None:
    from covseg_core.collections import COLLECTIONS

    if json:
        fields = ("name", "title", "licence", "source", "masks")
        rows = COLLECTIONS.values()
        say_json([{key: getattr(one, key) for key in fields} for one in rows])
        return
    for one in COLLECTIONS.values():
        say(f"{one.name:16}{one.title}")
        say(f"{'':16}masks: {one.masks}")
        if one.source:
            say(f"{'':16}licence: {one.licence}")
            say(f"{'':16}{one.source}")


def _report(summary: ImportSummary, collection: str, json: bool) -> None:
    if json:
        refused = [{"case": name, "why": why} for name, why in summary.refused]
        say_json(
            {
                "collection": collection,
                "added": summary.added,
                "completed": summary.completed,
                "known": summary.known,
                "refused": refused,
            }
        )
        return
    say(
        f"{collection}: {summary.added} added, {summary.completed} completed with a "
        f"mask, {summary.known} known already, {len(summary.refused)} refused"
    )
    for name, why in summary.refused:
        say(f"refused: {name}: {why}")

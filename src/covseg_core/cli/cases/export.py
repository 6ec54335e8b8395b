"""`covseg cases export`: finished cases for another training program."""

from __future__ import annotations

from pathlib import Path

from covseg_core.cases.layouts import LayoutName
from covseg_core.cli.output import OutputPath, refuse_file_name, say, say_json

__all__ = ["export"]


def export(
    store: Path,
    /,
    *,
    to: LayoutName,
    output: OutputPath,
    name: str = "covseg",
    pictures: bool = False,
    json: bool = False,
) -> None:
    """Write the finished cases for nnU-Net or MONAI.

    Parameters
    ----------
    store
        Folder of the case store.
    to
        Which program it is for.
    output
        A new or empty folder.
    name
        Name of the data set; for nnU-Net also a full one, such as Dataset042_Covid.
    pictures
        Export 8-bit pictures, not scans in HU.
    json
        Print one JSON document.
    """
    from covseg_core.cases.export import export as write
    from covseg_core.cases.freeze import freeze
    from covseg_core.cases.layouts import LAYOUTS
    from covseg_core.cases.reading import CaseReader
    from covseg_core.cases.store import CaseStore
    from covseg_core.cli.progress import follow

    refuse_file_name(output, "a new folder")
    steps = write(CaseStore(store), output, to, name=name, pictures=pictures)
    manifest = follow(steps)
    folder = output / LAYOUTS[to].folder(name)
    splits = {
        split: len(manifest.of_split(split))
        for split in ("train", "validation", "held-out")
    }
    if json:
        say_json({"output": str(folder), "sha256": manifest.sha256, "cases": splits})
        return
    counts = ", ".join(f"{count} {split}" for split, count in splits.items())
    say(f"wrote {folder}: {counts}")
    left = len(freeze(CaseReader(store)).cases) - len(manifest.cases)
    if left:
        others = "scans, which go without" if pictures else "pictures, which need"
        say(f"note: left out {left} {others} --pictures")

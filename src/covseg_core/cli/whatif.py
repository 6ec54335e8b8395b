"""`covseg whatif`: a scan as it might look, healthy or diseased."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from covseg_core.cli.output import (
    OutputPath,
    make_folder,
    refuse_file_name,
    refuse_overwriting,
    say,
    say_json,
)
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.inference.config import PredictSettings, StitchSettings
from covseg_core.io import read_ct
from covseg_core.io.images import is_picture
from covseg_core.labels import LESIONS, Tissue
from covseg_core.settings import setting

__all__ = ["whatif"]

DEFAULT_MODEL = "stichnet-small"
PaintedTissue: TypeAlias = Literal["ggo", "consolidation", "healthy"]


class Stitching(StitchSettings):
    """What the user may say of new scans."""

    severity: float | None = setting(
        None,
        "Write the scan with less disease, 0 none, or more, 2 most; 1 is as it is.",
        low=0,
        high=2,
    )


def whatif(
    input: Path,  # noqa: A002 - the contract's word
    /,
    *,
    output: OutputPath,
    model: str = DEFAULT_MODEL,
    mask: Path | None = None,
    tissue: PaintedTissue | None = None,
    stitching: Annotated[Stitching, Parameter(name="*")] = Stitching(),  # noqa: B008
    settings: Annotated[PredictSettings, Parameter(name="*")] = PredictSettings(),  # noqa: B008
    series: str | None = None,
    lungs: Path | None = None,
    json: bool = False,
) -> None:
    """Imagine a scan as healthy or diseased, with a StichNet.

    Everything synthetic is marked: its file name begins with SYNTHETIC_, its header
    says so, and no case store takes it unless told to.

    Parameters
    ----------
    input
        DICOM folder or file, or NIfTI file, in Hounsfield units.
    output
        Folder to write to.
    model
        Name of a StichNet (see `covseg models list`) or path of its folder.
    mask
        Where to paint a lesion: NIfTI or DICOM SEG on the scan.
    tissue
        What to paint under --mask; ggo if not given.
    stitching
        What to stitch, and how.
    settings
        How to predict.
    series
        Series Instance UID, where there are several.
    lungs
        Lung mask, 1 right and 2 left, in place of our own.
    json
        Print one JSON document.
    """
    from covseg_core.cli.cases.inputs import read_lesions, read_lungs
    from covseg_core.cli.progress import follow
    from covseg_core.inference.manifest import describe_whatif
    from covseg_core.inference.whatif import imagine
    from covseg_core.inference.whatif_files import (
        Wish,
        describe_wish,
        names_of,
        write_whatif,
    )
    from covseg_core.registry.store import find_model
    from covseg_core.registry.weights import load_model

    _check(input, mask, tissue)
    refuse_file_name(output, "a folder")
    loaded = load_model(find_model(model))
    ct = read_ct(input, series_uid=series)
    lesions = None if mask is None else read_lesions(mask, ct.grid, LESIONS.name)
    painted = Tissue[(tissue or "ggo").upper()]
    wish = Wish(stitching, lesions, painted, stitching.severity)
    refuse_overwriting(
        [path for path in (input, mask, lungs) if path is not None],
        names_of(output, wish),
    )
    sides = None if lungs is None else read_lungs(lungs, ct.grid)

    make_folder(output)
    imagined = follow(imagine(ct, loaded, settings, sides))
    manifest = describe_whatif(imagined, loaded.card, settings) | describe_wish(wish)
    document = follow(write_whatif(output, imagined, wish, manifest))
    _report(output, document, json)


def _check(scan: Path, mask: Path | None, tissue: str | None) -> None:
    if tissue is not None and mask is None:
        raise UsageError("--tissue is painted under a mask; give one with --mask.")
    if is_picture(scan):
        raise InputRefusedError(
            f"{scan.name!r} is a picture without Hounsfield units, so what a lesion "
            "would look like in it cannot be told. Give a CT."
        )


def _report(folder: Path, document: dict[str, Any], json: bool) -> None:
    if json:
        say_json({"output": str(folder)} | document)
        return
    for name in document["files"]:
        say(f"{folder / name}")
    for key, volume in document["volumes_ml"].items():
        say(f"  {key:16}{volume:9.1f} ml")
    if document["stitching"]["severity"] is not None and not any(
        document["volumes_ml"].values()
    ):
        say("note: the model finds no lesion, so severity changes nothing")
    say("synthetic images; for research use only")

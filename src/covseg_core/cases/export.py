"""Hand the finished cases of a store to another training program."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from covseg_core.cases.disk import place_folder, sha256_of, staged, writing
from covseg_core.cases.freeze import TrainingManifest, freeze
from covseg_core.cases.layouts import LAYOUTS, Contents
from covseg_core.cases.scan import CT
from covseg_core.errors import InputRefusedError, OutputError, UsageError
from covseg_core.io.atomic import write_json, write_text
from covseg_core.io.nifti import write_nifti_labels
from covseg_core.labels import INFECTION, LESIONS, UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import numpy.typing as npt

    from covseg_core.cases.freeze import FrozenCase
    from covseg_core.cases.layouts import Layout, LayoutName
    from covseg_core.cases.reading import CaseReader
    from covseg_core.volume import LesionMask

__all__ = ["ExportStep", "export"]

MANIFEST = "covseg-manifest.json"
IGNORE = "ignore", 3


@dataclass(frozen=True)
class ExportStep:
    """How far an export is.

    Parameters
    ----------
    stage : str
        The case that was just written.
    done, total : int
        Cases.
    """

    stage: str
    done: int
    total: int


def export(
    store: CaseReader,
    folder: Path,
    layout: LayoutName,
    *,
    name: str = "covseg",
    pictures: bool = False,
) -> Generator[ExportStep, None, TrainingManifest]:
    """Write the finished cases for nnU-Net or MONAI; all of them or nothing.

    Parameters
    ----------
    store : CaseReader
        Where the cases are.
    folder : Path
        A new or empty folder.
    layout : {"nnunet", "monai"}
        Which program it is for.
    name : str
        Of the data set.
    pictures : bool
        Export 8-bit pictures, not scans in HU; one network takes one of them.

    Yields
    ------
    ExportStep
        After every case.

    Returns
    -------
    TrainingManifest
        What was exported; it also lies in the folder, as ``covseg-manifest.json``.

    Raises
    ------
    InputRefusedError
        If no finished case is for training, or a file of the store was changed.
    UsageError
        If the folder is not empty or lies in the store, or the name is none.
    OutputError
        If it could not be written.
    """
    manifest = _manifest(store, pictures=pictures)
    plan = LAYOUTS[layout]
    inner = plan.folder(name)
    _require_new(folder, store)
    with writing(f"the folder {folder.name}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with staged(folder.parent) as stage:
            target = stage / inner
            target.mkdir(parents=True)
            labels = yield from _write_cases(store, target, plan, manifest)
            channel = "grey" if pictures else "CT"
            contents = Contents(manifest.cases, channel, labels, inner or name)
            for path, document in plan.documents(contents).items():
                write_json(target / path, document)
            write_text(target / MANIFEST, manifest.to_json())
            place_folder(stage, folder)
    return manifest


def _manifest(store: CaseReader, *, pictures: bool) -> TrainingManifest:
    done = freeze(store).cases
    wanted = tuple(case for case in done if case.is_hu != pictures)
    if not any(case.split == "train" for case in wanted):
        kind = "pictures" if pictures else "scans"
        raise InputRefusedError(
            f"there is nothing to train on: of {len(done)} finished cases with a mask "
            f"by hand, {len(wanted)} are {kind}, and none of these is in the split "
            "'train'. Finish more cases first."
        )
    return TrainingManifest(cases=wanted)


def _require_new(folder: Path, store: CaseReader) -> None:
    if folder.resolve().is_relative_to(store.root.resolve()):
        raise UsageError(
            f"the folder {folder.name!r} lies in the case store, which holds cases "
            "only; give one outside."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"the folder {folder.name!r} is not empty; give a new one, so that no "
            "older export is mixed with this one."
        )


def _write_cases(
    store: CaseReader, target: Path, plan: Layout, manifest: TrainingManifest
) -> Generator[ExportStep, None, dict[str, int]]:
    """Write scans and masks; returns what the values in the masks mean."""
    label_sets = {case.label_set for case in manifest.cases}
    label_set = INFECTION if label_sets == {INFECTION.name} else LESIONS
    ignored = False
    for done, case in enumerate(manifest.cases, 1):
        image, label = target / plan.image(case), target / plan.label(case)
        for path in (image, label):
            path.parent.mkdir(exist_ok=True)
        _copy_ct(store, case, image)
        mask = _translated(store.mask(case.case_id, case.version), label_set.name)
        write_nifti_labels(label, mask)
        ignored |= bool((mask.labels == IGNORE[1]).any())
        yield ExportStep(case.case_id, done, len(manifest.cases))
    labels = {"background": 0} | {one.key: one.value for one in label_set.classes}
    return labels | (dict([IGNORE]) if ignored else {})


def _copy_ct(store: CaseReader, case: FrozenCase, target: Path) -> None:
    shutil.copyfile(store.checked_file(case.case_id, CT, case.ct_sha256), target)
    if sha256_of(target) != case.ct_sha256:
        raise OutputError(
            f"the scan of {case.case_id} was written differently from what was read. "
            "Check the disk and export again."
        )


def _translated(mask: LesionMask, label_set: str) -> LesionMask:
    """Say infection of no known class in the labels of the whole data set."""
    codes: npt.NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
    if label_set == INFECTION.name:
        codes[UNKNOWN_CLASS] = 1
    else:
        codes[UNKNOWN_CLASS] = IGNORE[1]
        if mask.label_set.name == INFECTION.name:
            codes[1] = IGNORE[1]
    return replace(mask, labels=codes[mask.labels])

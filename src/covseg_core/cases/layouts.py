"""Where nnU-Net and MONAI look for images, labels and what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from covseg_core.errors import UsageError
from covseg_core.registry.card import NAME_PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covseg_core.cases.freeze import FrozenCase

__all__ = ["LAYOUTS", "Contents", "Layout", "LayoutName"]

LayoutName: TypeAlias = Literal["nnunet", "monai"]
NNUNET_FOLDER = re.compile(r"Dataset\d{3}_[A-Za-z0-9][A-Za-z0-9._-]*")
NNUNET_NUMBER = 501
"""Numbers up to 500 are often taken by public sets."""


@dataclass(frozen=True)
class Contents:
    """What an exported folder holds.

    Parameters
    ----------
    cases : sequence of FrozenCase
        The cases, in order of their ids.
    channel : str
        ``CT`` for Hounsfield units, else ``grey``.
    labels : mapping of str to int
        Meaning of the voxel values.
    name : str
        What the user calls the set.
    """

    cases: Sequence[FrozenCase]
    channel: str
    labels: Mapping[str, int]
    name: str


class Layout(Protocol):
    """A program's way to lay out its training data."""

    def folder(self, name: str) -> str:
        """Give the folder that all files go in, empty for the folder itself."""
        ...

    def image(self, case: FrozenCase) -> str:
        """Give the path of a case's scan."""
        ...

    def label(self, case: FrozenCase) -> str:
        """Give the path of a case's mask."""
        ...

    def documents(self, contents: Contents) -> dict[str, Any]:
        """Give the JSON documents by their path."""
        ...


class NNUNet:
    """The raw data of nnU-Net v2, and the split file that its training reads.

    The held-out cases are its test images.  Infection of no known class gets the
    label ``ignore``, which nnU-Net leaves out of the loss.
    """

    def folder(self, name: str) -> str:
        """Name the data set; a full name, such as Dataset042_Covid, is kept."""
        if NNUNET_FOLDER.fullmatch(name):
            return name
        return f"Dataset{NNUNET_NUMBER}_{_require_name(name)}"

    def image(self, case: FrozenCase) -> str:
        """Give the path of a case's scan; 0000 is its first and only channel."""
        return f"images{_part(case)}/{case.case_id}_0000.nii.gz"

    def label(self, case: FrozenCase) -> str:
        """Give the path of a case's mask."""
        return f"labels{_part(case)}/{case.case_id}.nii.gz"

    def documents(self, contents: Contents) -> dict[str, Any]:
        """Give dataset.json, and splits_final.json with our split as its fold 0."""
        training = [case for case in contents.cases if case.split != "held-out"]
        dataset = {
            "name": contents.name,
            "channel_names": {"0": contents.channel},
            "labels": dict(contents.labels),
            "numTraining": len(training),
            "file_ending": ".nii.gz",
        }
        fold = {
            "train": _ids(training, "train"),
            "val": _ids(training, "validation"),
        }
        return {"dataset.json": dataset, "splits_final.json": [fold]}


class Monai:
    """Two folders and a data list in the manner of the Medical Decathlon.

    `monai.data.load_decathlon_datalist` reads its keys training, validation, test.
    """

    def folder(self, name: str) -> str:
        """Put everything into the folder itself."""
        _require_name(name)
        return ""

    def image(self, case: FrozenCase) -> str:
        """Give the path of a case's scan."""
        return f"images/{case.case_id}.nii.gz"

    def label(self, case: FrozenCase) -> str:
        """Give the path of a case's mask."""
        return f"labels/{case.case_id}.nii.gz"

    def documents(self, contents: Contents) -> dict[str, Any]:
        """Give dataset.json."""
        training = self._listed(contents, "train")
        test = self._listed(contents, "held-out")
        dataset = {
            "name": contents.name,
            "description": "Infection on chest CT; research only.",
            "tensorImageSize": "3D",
            "modality": {"0": contents.channel},
            "labels": {str(value): key for key, value in contents.labels.items()},
            "numTraining": len(training),
            "numTest": len(test),
            "training": training,
            "validation": self._listed(contents, "validation"),
            "test": test,
        }
        return {"dataset.json": dataset}

    def _listed(self, contents: Contents, split: str) -> list[dict[str, str]]:
        return [
            {"image": self.image(case), "label": self.label(case)}
            for case in contents.cases
            if case.split == split
        ]


LAYOUTS: Mapping[LayoutName, Layout] = {"nnunet": NNUNet(), "monai": Monai()}


def _part(case: FrozenCase) -> str:
    return "Ts" if case.split == "held-out" else "Tr"


def _ids(cases: Sequence[FrozenCase], split: str) -> list[str]:
    return [case.case_id for case in cases if case.split == split]


def _require_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"a data set cannot be called {name!r}: use up to 64 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or digit."
        )
    return name

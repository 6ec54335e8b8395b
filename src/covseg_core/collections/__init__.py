"""Public collections of chest CT, by name; a reader is imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from covseg_core.collections.options import ReadOptions
from covseg_core.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from covseg_core.collections.case import CollectedCase, ListedCase

__all__ = ["COLLECTIONS", "Collection", "ReadOptions", "find_collection"]


@dataclass(frozen=True)
class Collection:
    """What a collection is and who reads it.

    Parameters
    ----------
    name : str
        Name on the command line.
    title : str
        Name that its authors gave it.
    licence : str
        What one may do with it, as far as its authors say.
    source : str
        Where it is found and cited; empty for your own files.
    masks : str
        What its masks mean.
    module : str
        Its reader.
    options : tuple of str
        Fields of `ReadOptions` that it knows.
    """

    name: str
    title: str
    licence: str
    source: str
    masks: str
    module: str
    options: tuple[str, ...] = ()

    def list_cases(
        self, folder: Path, options: ReadOptions | None = None
    ) -> tuple[ListedCase, ...]:
        """Find the cases without reading their voxels.

        Parameters
        ----------
        folder : Path
            The unpacked download.
        options : ReadOptions, optional
            How to read it.

        Raises
        ------
        InputRefusedError
            If the folder is laid out otherwise, which says what files were expected,
            or holds no scan.
        UsageError
            If an option is none of this collection.
        """
        options = options or ReadOptions()
        self._require_known(options)
        reader = import_module(f"{__name__}.{self.module}")
        listed: tuple[ListedCase, ...] = reader.list_cases(folder, options)
        if not listed:
            raise InputRefusedError(
                f"{folder.name or 'this folder'} is laid out as {self.name}, but there "
                "is no scan in it to read. Unpack the whole download, archives inside "
                "it too."
            )
        return listed

    def read(
        self, folder: Path, options: ReadOptions | None = None
    ) -> Iterator[CollectedCase]:
        """Read one case after the other; raises as `list_cases` and on bad files."""
        return (listed.load() for listed in self.list_cases(folder, options))

    def _require_known(self, options: ReadOptions) -> None:
        unknown = sorted(options.model_fields_set - set(self.options))
        if unknown:
            flag = unknown[0].replace("_", "-")
            raise UsageError(f"--{flag} means nothing for {self.name}; leave it away.")


_NON_COMMERCIAL = "non-commercial research"
_ALL = (
    Collection(
        name="covid-semiseg",
        title="COVID-SemiSeg (Fan 2020)",
        licence=f"{_NON_COMMERCIAL}: COVID-SemiSeg Dataset",
        source="https://github.com/DengPingFan/Inf-Net",
        masks="readers' ground-glass opacity and consolidation; pseudo-labels by model",
        module="covid_semiseg",
        options=("with_pseudo_labels",),
    ),
    Collection(
        name="medseg-slices",
        title="MedSeg COVID-19 CT, dataset 1",
        licence=f"{_NON_COMMERCIAL}: images by SIRM; see the source for its terms",
        source="https://medicalsegmentation.com/covid19/",
        masks="a reader's ground-glass opacity and consolidation; no pleural effusion",
        module="medseg_slices",
    ),
    Collection(
        name="medseg-volumes",
        title="MedSeg COVID-19 CT, dataset 2",
        licence="CC BY-NC-SA 3.0 as Radiopaedia; see the source for its terms",
        source="https://medicalsegmentation.com/covid19/",
        masks="a reader's ground-glass opacity and consolidation; no pleural effusion",
        module="medseg_volumes",
    ),
    Collection(
        name="covid19-ct-seg",
        title="COVID-19 CT Lung and Infection Segmentation (Ma 2020)",
        licence="CC BY-NC-SA 4.0",
        source="https://zenodo.org/record/3757476",
        masks="readers' infection of one class",
        module="covid19_ct_seg",
    ),
    Collection(
        name="mosmeddata",
        title="MosMedData COVID19_1110 (Morozov 2020)",
        licence="CC BY-NC-ND 3.0",
        source="https://www.medrxiv.org/content/10.1101/2020.05.20.20100362",
        masks="readers' infection of one class; CT-0 is free of it",
        module="mosmeddata",
    ),
    Collection(
        name="ictcf",
        title="iCTCF, HUST-19 (Ning 2020)",
        licence=f"{_NON_COMMERCIAL}: see the terms at the source",
        source="https://ngdc.cncb.ac.cn/ictcf/HUST-19.php",
        masks="none; nCT slices are free of infection",
        module="ictcf",
        options=("with_non_informative",),
    ),
    Collection(
        name="nifti-pairs",
        title="NIfTI files of your own",
        licence="",
        source="",
        masks="as --labels says",
        module="nifti_pairs",
        options=("labels",),
    ),
    Collection(
        name="slices",
        title="Pictures of your own",
        licence="",
        source="",
        masks="as --labels says",
        module="slices",
        options=("labels",),
    ),
)

COLLECTIONS: Mapping[str, Collection] = MappingProxyType(
    {collection.name: collection for collection in _ALL}
)
"""Every collection by its name on the command line."""


def find_collection(name: str) -> Collection:
    """Find a collection by its name.

    Raises
    ------
    UsageError
        If there is none; lists those there are.
    """
    if name not in COLLECTIONS:
        raise UsageError(
            f"there is no collection {name!r}; choose one of {', '.join(COLLECTIONS)}."
        )
    return COLLECTIONS[name]

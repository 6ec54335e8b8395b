"""Write what was imagined as NIfTI files, each marked as synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covseg_core.inference.imagined import TISSUES
from covseg_core.inference.progress import Progress
from covseg_core.transforms.orient import Orientation
from covseg_core.volume import LabelVolume

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from covseg_core.inference.config import PredictSettings, StitchSettings
    from covseg_core.inference.imagined import WhatIf
    from covseg_core.inference.whatif_files import Wish
    from covseg_core.registry.card import ModelCard
    from covseg_core.volume import Grid

__all__ = ["WhatIfWish", "save_whatif"]


@dataclass(frozen=True, eq=False)
class WhatIfWish:
    """What to write.

    Parameters
    ----------
    whatif : WhatIf
        In the standard orientation.
    grid : Grid
        The scan as it was read, which is how the files are written.
    tissues : ndarray of uint8, shape (Z, Y, X)
        What is painted, in the standard orientation; nobody writes to it meanwhile.
    severity : float
        In [0, 2]; at 1 no scan of another severity is written.
    stitching : StitchSettings
        How.
    card : ModelCard
        Of the model that imagined.
    settings : PredictSettings
        How it did.
    """

    whatif: WhatIf
    grid: Grid
    tissues: npt.NDArray[np.uint8]
    severity: float
    stitching: StitchSettings
    card: ModelCard
    settings: PredictSettings


def save_whatif(parent: Path, wish: WhatIfWish) -> Generator[Progress, None, Path]:
    """Write the files that `covseg whatif` writes into a new folder.

    Parameters
    ----------
    parent : Path
        Where the folder ``whatif`` is made, or ``whatif-2`` and so on.
    wish : WhatIfWish
        What to write.

    Returns
    -------
    Path
        The new folder.

    Raises
    ------
    InputRefusedError
        If none of what is painted lies in the lungs.
    OutputError
        If it cannot be written.
    """
    from covseg_core.inference.manifest import describe_whatif
    from covseg_core.inference.whatif_files import (
        describe_wish,
        free_folder,
        stored_as,
        write_whatif,
    )

    yield Progress("Stitching")
    whatif = stored_as(wish.whatif, wish.grid)
    stitching = _stitching(wish)
    manifest = describe_whatif(whatif, wish.card, wish.settings)
    folder = free_folder(parent)
    document = manifest | describe_wish(stitching)
    yield from write_whatif(folder, whatif, stitching, document)
    return folder


def _stitching(wish: WhatIfWish) -> Wish:
    from covseg_core.inference.whatif_files import Wish

    mask = None
    if wish.tissues.any():
        labels = Orientation(wish.grid).undo(wish.tissues)
        mask = LabelVolume(labels, wish.grid, TISSUES)
    severity = None if wish.severity == 1 else wish.severity
    return Wish(wish.stitching, mask, None, severity, together=True)

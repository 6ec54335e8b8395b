"""Outline a case that nobody has outlined, so that a reader need not begin empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covseg_core.cases.reading import CaseReader
from covseg_core.learn.pseudo import Labeller, Outlined
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.registry.weights import load_model

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from covseg_core.inference.progress import Progress
    from covseg_core.registry.store import ModelEntry

__all__ = ["outline_case"]


def outline_case(
    root: Path, case_id: str, entry: ModelEntry
) -> Generator[Progress, None, Outlined]:
    """Predict the mask of a case; nothing is written.

    Parameters
    ----------
    root : Path
        The folder of the store.
    case_id : str
        Which case.
    entry : ModelEntry
        Which model.

    Yields
    ------
    Progress
        After every batch; stop iterating to stop.

    Raises
    ------
    InputRefusedError
        If the case or its scan is refused.
    ModelRefusedError
        If the model is.
    """
    store = CaseReader(root)
    labeller = Labeller(load_model(entry), PseudoSettings())
    return (yield from labeller.outline(store.ct(case_id), store.lungs(case_id)))

"""Fix what a pretraining is to do, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from covseg_core.cases.seal import digest_of
from covseg_core.errors import UsageError
from covseg_core.learn.config import NewModel
from covseg_core.learn.origin import card_for
from covseg_core.learn.plan import Plan
from covseg_core.learn.planning import refuse_idle, require_free_name
from covseg_core.models import create_model
from covseg_core.models.inpainter import heads_of
from covseg_core.training.pretrain_config import PretrainSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covseg_core.learn.config import NewNetwork
    from covseg_core.learn.unlabelled import UnlabelledScan

__all__ = ["PretrainPlan", "plan_pretraining", "require_same_scans"]

ERASING = {"masks", "keep", "coach_share", "reconstruction"}
LIMITS = "Only pretrained: it outlines nothing until it is trained."


class PretrainPlan(Plan):
    """What a pretraining is to do.

    `scans` tells those that it learns from apart, by hash: names of files may be those
    of persons.
    """

    scans: tuple[str, ...]
    settings: PretrainSettings = PretrainSettings()


def plan_pretraining(
    scans: Sequence[UnlabelledScan],
    name: str,
    wanted: NewNetwork,
    settings: PretrainSettings,
) -> PretrainPlan:
    """Fix what a pretraining is to do.

    Parameters
    ----------
    scans : sequence of UnlabelledScan
        What is learnt from; outlines are not looked at.
    name : str
        Of the new model.
    wanted : NewNetwork
        Its network.
    settings : PretrainSettings
        How.

    Raises
    ------
    UsageError
        If the name is taken or unfit, or what is wanted contradicts itself.
    ModelRefusedError
        If the network cannot be built or not be pretrained.
    """
    require_free_name(name)
    _refuse_idle(settings)
    card = card_for(name, NewModel(**wanted.model_dump(exclude_unset=True)))
    with torch.device("meta"):
        heads_of(create_model(card.architecture, **card.arguments))
    network = f"{card.architecture} on {card.arguments['backbone']}"
    told = {
        "summary": f"{network}, pretrained by {settings.task}; outlines nothing yet.",
        "pretext": settings.task,
        "limits": LIMITS,
        "data": (f"{len(scans)} scans or slices without masks",),
        "licence": "; ".join(sorted(_licences(scans))),
    }
    return PretrainPlan(
        name=card.name,
        card=card.model_copy(update=told),
        scans=_hashes([scan.name for scan in scans]),
        settings=settings,
    )


def require_same_scans(plan: PretrainPlan, scans: Sequence[UnlabelledScan]) -> None:
    """Raise `UsageError` unless scans are those that a run began with."""
    names = [scan.name for scan in scans]
    # A plan without hashes tells the names themselves.
    if plan.scans not in (_hashes(names), tuple(names)):
        raise UsageError(
            f"these are not the {len(plan.scans)} images that the run {plan.name!r} "
            "began with; give the same paths in the same order, or begin anew under "
            "another --name."
        )


def _hashes(names: Sequence[str]) -> tuple[str, ...]:
    """Hash each name together with all, so that none can be guessed by itself."""
    whole = digest_of({"names": names})
    return tuple(digest_of({"name": name, "of": whole}) for name in names)


def _refuse_idle(settings: PretrainSettings) -> None:
    """Refuse settings that were given and would change nothing."""
    idle = ERASING if settings.task == "rotation" else set()
    if settings.masks == "random":
        idle = idle | {"coach_share"}
    refuse_idle(
        settings,
        idle,
        f"--task {settings.task} and --masks {settings.masks}; leave it away.",
    )


def _licences(scans: Sequence[UnlabelledScan]) -> set[str]:
    """Collect the licences that case stores tell."""
    stored = (scan.store.read(scan.name) for scan in scans if scan.store is not None)
    return {record.licence for record in stored} - {""}

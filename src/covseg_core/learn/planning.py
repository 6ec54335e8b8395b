"""Fix what a run is to do, before it begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covseg_core.cases.freeze import TrainingManifest, freeze
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.labels import LUNGS
from covseg_core.learn.candidates import hindrance
from covseg_core.learn.config import USUAL_PARENT_SHARE
from covseg_core.learn.origin import card_for, weights_source
from covseg_core.learn.plan import RunPlan
from covseg_core.models import ARCHITECTURES
from covseg_core.registry.card import NAME_PATTERN, ModelCard
from covseg_core.registry.store import find_model, is_taken

if TYPE_CHECKING:
    from covseg_core.cases.reading import CaseReader
    from covseg_core.learn.config import NewModel
    from covseg_core.settings import Settings
    from covseg_core.training.config import TrainSettings

__all__ = ["make_plan", "refuse_idle", "require_free_name", "with_data"]

DRAWING = {"evenness", "rehearsal", "unlabelled"}
"""Settings that say how often slices are drawn."""


def make_plan(
    store: CaseReader,
    name: str,
    wanted: NewModel,
    settings: TrainSettings,
    *,
    pseudo_labels: bool = False,
) -> RunPlan:
    """Fix what a run is to do: the newest mask of every finished case, and how.

    Parameters
    ----------
    store : CaseReader
        What is learnt from.
    name : str
        Of the new model.
    wanted : NewModel
        Its network, its parent.
    settings : TrainSettings
        How; with a parent, what was not said becomes fit for fine-tuning, unless
        that was only pretrained.
    pseudo_labels : bool
        Learn from masks of models, too, where no one has corrected them; what judges
        the new model are masks of readers all the same.

    Raises
    ------
    UsageError
        If the name is taken or unfit, or what is wanted contradicts itself.
    ModelRefusedError
        If the network cannot be built, or the parent is not there.
    InputRefusedError
        If no finished case is in the training split.
    """
    require_free_name(name)
    if not settings.balance:
        refuse_idle(
            settings,
            DRAWING,
            "--no-balance, by which every slice is seen once; leave one or the other "
            "away.",
        )
    card = card_for(name, wanted)
    tissues = ARCHITECTURES[card.architecture].learns_tissues
    manifest = freeze(store, unlabelled=tissues)
    if pseudo_labels:
        manifest = _with_pseudo_labels(manifest, store)
    if card.label_set == LUNGS.name:
        manifest = _with_lungs(manifest)
    if not manifest.of_split("train"):
        raise InputRefusedError(
            "the store has no finished case to learn from in its split train, and "
            f"{len(manifest.cases)} in others: add cases of more patients with their "
            "masks, or say `covseg cases state STORE CASE done` of those that are."
        )
    source = weights_source(card, wanted.start)
    origin = _trained(source)
    return RunPlan(
        name=card.name,
        card=with_data(card, manifest, store),
        parent=card.parent if _trained(card.parent) else None,
        weights_from=source,
        parent_share=_parent_share(wanted.parent_share, card, origin),
        old_cases=_learnt_by(card.parent, manifest) if wanted.start == "parent" else (),
        manifest=manifest,
        settings=settings.for_fine_tuning() if origin else settings,
    )


def refuse_idle(settings: Settings, idle: set[str], why: str) -> None:
    """Raise `UsageError` if settings were given that change nothing.

    Parameters
    ----------
    settings : Settings
        Of a run.
    idle : set of str
        Fields that mean nothing in it.
    why : str
        With which other options, and what to do; ends the message.
    """
    if said := sorted(idle & settings.model_fields_set):
        options = ", ".join("--" + name.replace("_", "-") for name in said)
        raise UsageError(f"{options} would change nothing with {why}")


def _trained(name: str | None) -> ModelCard | None:
    """Give the card of a model that has been trained, and not only pretrained."""
    card = None if name is None else find_model(name).card
    return None if card is None or card.pretext else card


def _parent_share(
    said: float | None, card: ModelCard, origin: ModelCard | None
) -> float:
    """Settle how much of its parent a new model keeps.

    Raises
    ------
    UsageError
        If some is wanted, but not all weights of the new model are in its parent.
    """
    mixable = origin is not None and origin.architecture == card.architecture
    if said and not mixable:
        raise UsageError(
            "--parent-share mixes the weights of a trained --parent of the same "
            "architecture into the new ones; leave it away here."
        )
    if said is None:
        return USUAL_PARENT_SHARE if mixable else 0.0
    return said


def require_free_name(name: str) -> None:
    """Raise `UsageError` if a new model cannot have a name."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"a model cannot be called {name!r}: use up to 64 letters, digits, dots, "
            "dashes and underscores, beginning with a letter or digit."
        )
    if is_taken(name):
        raise UsageError(f"there is a model {name!r} already; choose another --name.")


def _with_pseudo_labels(
    manifest: TrainingManifest, store: CaseReader
) -> TrainingManifest:
    """Add the newest masks of models, of cases that only models have outlined."""
    found = freeze(store, sources=["model"], states=("new", "done")).cases
    added = (case for case in found if not hindrance(store.read(case.case_id)))
    cases = sorted((*manifest.cases, *added), key=lambda case: case.case_id)
    return manifest.model_copy(update={"cases": tuple(cases)})


def _with_lungs(manifest: TrainingManifest) -> TrainingManifest:
    """Leave out the cases without a lung mask, of which nothing can be learnt."""
    cases = tuple(case for case in manifest.cases if case.lungs_sha256 is not None)
    if not cases:
        raise InputRefusedError(
            "no finished case of the store has both a lung mask and a mask of lesions, "
            "and only of such cases are lungs learnt; give both with "
            "`covseg cases add ... --lungs ... --mask`."
        )
    return manifest.model_copy(update={"cases": cases})


def _learnt_by(parent: str | None, manifest: TrainingManifest) -> tuple[str, ...]:
    """List the cases that the parent has learnt from already."""
    if parent is None:
        return ()
    known = set(find_model(parent).card.training.get("cases", ()))
    cases = manifest.of_split("train")
    return tuple(case.case_id for case in cases if case.image_sha256 in known)


def with_data(
    card: ModelCard, manifest: TrainingManifest, store: CaseReader, what: str = "cases"
) -> ModelCard:
    """Say in a card what the model learns from, and under which licences.

    Parameters
    ----------
    card : ModelCard
        Of the model; what it says already stays.
    manifest : TrainingManifest
        Whose cases of the training split are meant.
    store : CaseReader
        That they lie in.
    what : str
        What they are called.
    """
    cases = manifest.learnt_from
    records = [store.read(case.case_id) for case in cases]
    sources = sorted({record.collection for record in records} - {""})
    licences = {record.licence for record in records} | {card.licence}
    patients = len({case.patient for case in cases})
    told = f"{len(cases)} {what} of {patients} patients"
    if manifest.unlabelled:
        told += f", {len(manifest.unlabelled)} of them without masks"
    told = f"{told}: {', '.join(sources)}" if sources else told
    return card.model_copy(
        update={
            "data": tuple(dict.fromkeys((*card.data, told))),
            "data_sha256": manifest.sha256,
            "licence": "; ".join(sorted(licences - {""})),
        }
    )

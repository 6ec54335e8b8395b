"""`covseg pseudo-label`: masks of a model for scans that nobody has outlined."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from covseg_core.cli.output import say, say_json
from covseg_core.errors import InputRefusedError, UsageError
from covseg_core.learn.pseudo_config import PseudoSettings
from covseg_core.registry.store import find_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.pseudo import Labelled, Labeller
    from covseg_core.learn.unlabelled import UnlabelledScan

__all__ = ["pseudo_label"]


def pseudo_label(
    unlabelled: Annotated[
        list[Path], Parameter(name="UNLABELLED", consume_multiple=True)
    ],
    /,
    *,
    to: Path,
    model: str | None = None,
    settings: Annotated[PseudoSettings, Parameter(name="*")] = PseudoSettings(),  # noqa: B008
    patient: str | None = None,
    json: bool = False,
) -> None:
    """Outline scans with a model and keep scans and masks as cases to learn from.

    Scans that these weights have labelled before are passed over, so a run that was
    stopped goes on with the same command.

    Parameters
    ----------
    unlabelled
        DICOM folders or files, NIfTI files, pictures, folders of them, case stores.
    to
        Folder of the case store; a new or empty folder becomes one.
    model
        Name of a model (see `covseg models list`) or path of its folder; the promoted
        model if not given.
    settings
        How to predict, and the confidence rule.
    patient
        Name or number of the one patient of all these scans, kept as a pseudonym.
    json
        Print one JSON document.
    """
    from covseg_core.cases.store import CaseStore
    from covseg_core.learn.pseudo import Labeller
    from covseg_core.learn.unlabelled import find_unlabelled
    from covseg_core.registry.promotion import promoted
    from covseg_core.registry.weights import load_model

    if not unlabelled:
        raise UsageError("give at least one scan, picture, folder or case store.")
    scans = find_unlabelled(unlabelled)
    labeller = Labeller(load_model(find_model(model or promoted())), settings)
    store = CaseStore.create(to)
    done = []
    for label in _labelled(store, scans, labeller, patient):
        done.append(label)
        if not json:
            _say(label)
    _report(done, json)


def _labelled(
    store: CaseStore,
    scans: Sequence[UnlabelledScan],
    labeller: Labeller,
    patient: str | None,
) -> Iterator[Labelled]:
    from covseg_core.cli.progress import follow

    for number, scan in enumerate(scans):
        try:
            yield follow(labeller.label_scan(store, scan, patient))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped after {number} of {len(scans)} scans; "
                "go on with the same command."
            ) from None


def _say(label: Labelled) -> None:
    from covseg_core.cli.rounds_words import line_of

    say(line_of(label))


def _report(done: Sequence[Labelled], json: bool) -> None:
    counts = Counter(label.result for label in done)
    if json:
        say_json([asdict(label) for label in done])
    else:
        say(
            f"{counts['labelled']} labelled, {counts['known']} labelled before, "
            f"{counts['unsure']} left out, {counts['skipped']} skipped, "
            f"{counts['refused']} refused"
        )
    refused = [label for label in done if label.result == "refused"]
    if refused:
        raise InputRefusedError(
            f"{len(refused)} of {len(done)} scans were refused, {refused[0].scan} "
            f"first: {refused[0].reason}"
        )

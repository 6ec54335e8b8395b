"""Put a trained model into the package, its weights in half precision.

    python recipes/bundle.py NAME [--results docs/results/NAME.json]

NAME is in the user's model store; `recipes/cards/NAME.toml` says what no training finds
out, and the results of `recipes/cross_validate.py` give metrics, calibration,
temperature and threshold.  The log of its training is kept beside those results.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from document import RESULTS, log_beside, read_results
from running import run_recipe
from said import ANSWERS, read_said

from covseg_core.errors import InputRefusedError, ModelRefusedError
from covseg_core.io.atomic import write_text
from covseg_core.learn.plan import run_folder
from covseg_core.registry.card import ModelCard
from covseg_core.registry.store import BUNDLED, find_model
from covseg_core.registry.weights import load_model, save_model
from covseg_core.training.log import CSV

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covseg_core.registry.store import ModelEntry

LARGEST_MB = 12
AS_TRAINED = ("label_set", "architecture")


def main() -> None:
    """Bundle a model and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("name")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--into", type=Path, default=BUNDLED, help="folder of models")
    options = parser.parse_args()
    results = options.results or RESULTS / f"{options.name}.json"
    said = read_said(options.name)
    log = run_folder(options.name) / CSV
    if not log.is_file():
        raise ModelRefusedError(
            f"there is no log of how {options.name!r} was trained; train it first, "
            f"with train_model.py {options.name}."
        )
    entry = bundle(options.name, said, read_results(results), options.into)
    write_text(log_beside(results), log.read_text("utf-8"))
    print(f"{entry.card.name}: {size_mb(entry):.1f} MB of at most {LARGEST_MB}")


def bundle(
    name: str, said: Mapping[str, Any], results: Mapping[str, Any], into: Path
) -> ModelEntry:
    """Copy a trained model, with what is said and was found out of it.

    Parameters
    ----------
    name : str
        Of the model, in the user's store.
    said : mapping
        From `said.read_said`.
    results : mapping
        From `document.read_results`.
    into : Path
        The folder of bundled models.

    Raises
    ------
    ModelRefusedError
        If the model was not trained here, has no network or is too large.
    InputRefusedError
        If the results are those of another kind of model.
    """
    found = find_model(name)
    if found.origin != "user":
        raise ModelRefusedError(
            f"the model {name!r} is not in the user's store; train it first, with "
            f"train_model.py {name}."
        )
    model = load_model(found)
    if model.network is None:
        raise ModelRefusedError(f"{name!r} has no network that could be bundled.")
    card = card_with(model.card, said, results)
    state = model.network.state_dict()
    with TemporaryDirectory() as folder:
        size = size_mb(save_model(Path(folder) / name, card, state, half=True))
    if size > LARGEST_MB:
        raise ModelRefusedError(
            f"{name!r} takes {size:.1f} MB, and {LARGEST_MB} are allowed; choose a "
            "smaller backbone or width."
        )
    return save_model(into / name, card, state, half=True)


def card_with(
    card: ModelCard, said: Mapping[str, Any], results: Mapping[str, Any]
) -> ModelCard:
    """Complete a card.

    Raises
    ------
    InputRefusedError
        If the results are those of another kind of model.
    pydantic.ValidationError
        If something that is said cannot stand in a card.
    """
    for field in AS_TRAINED:
        if results[field] != getattr(card, field):
            raise InputRefusedError(
                f"the results are of a model with {field} {results[field]!r}, this "
                f"one has {getattr(card, field)!r}; run cross_validate.py again."
            )
    answers = results["answers"]
    for field in ANSWERS:
        if field in said and said[field] != answers[field]:
            raise InputRefusedError(
                f"the results are of answers with {field} = {answers[field]}, the card "
                f"says {said[field]}; run cross_validate.py again."
            )
    calibration = {k: v for k, v in results["calibration"].items() if k != "ece_before"}
    known = {
        **{field: answers[field] for field in sorted(ANSWERS)},
        "temperature": answers["temperature"],
        "threshold": results["threshold"]["best"],
        "calibration": calibration,
        "metrics": metrics_of(results),
        # What it came from is not bundled: users' models go back to this one.
        "base": None,
    }
    told = card.model_dump(mode="json") | dict(said) | known
    return ModelCard.model_validate(told)


def metrics_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """Give the means over the held-out cases of each source, and of how many folds."""
    folds = f"{len(results['weights'])} of {results['of_folds']}"
    metrics: dict[str, Any] = {"cross_validation_folds": folds}
    for source, told in results["sources"].items():
        way = told["found"] or told["given"]
        means = {
            key: value["mean"] for key, value in way.items() if isinstance(value, dict)
        }
        metrics[source] = {"patients": told["patients"], **means}
    return metrics


def size_mb(entry: ModelEntry) -> float:
    """Measure a model's file of weights, in millions of bytes."""
    return entry.weights.stat().st_size / 1e6


if __name__ == "__main__":
    run_recipe(main)

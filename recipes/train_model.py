"""Train a model to be bundled from all cases of a store, or go on with it.

    python recipes/train_model.py NAME --store STORE [--config recipes/NAME.toml]
        [--fold 0]

Unlike with ``covseg train`` the new model may have the name of one that is bundled.  A
run that was stopped or killed goes on, and a model that is finished stays as it is.
With --fold the model is NAME-fold0, learns from all but that fold and goes on from the
parent's model of the fold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from folds import FOLDS, in_fold
from running import run_recipe
from training import parent_in_fold, parent_of, plan_of, train_once

from covseg_core.cases.reading import CaseReader
from covseg_core.errors import UsageError
from covseg_core.registry.store import find_model

RECIPES = Path(__file__).parent


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("name")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--fold", type=int, choices=range(len(FOLDS)))
    parser.add_argument("--progress", choices=("rich", "jsonl", "none"), default="rich")
    options = parser.parse_args()
    config = options.config or RECIPES / f"{options.name}.toml"
    fold = options.fold
    parent = parent_of(config) if fold is None else parent_in_fold(config, fold)
    require_trained(parent)
    store = CaseReader(options.store)
    plan = plan_of(store, options.name, config, parent=parent)
    if fold is not None:
        plan = in_fold(plan, fold)
    entry = train_once(store, plan, options.progress)
    print(f"{entry.card.name} {entry.card.weights_sha256[:12]}")


def require_trained(parent: str | None) -> None:
    """Refuse to go on from the model of an earlier release.

    Raises
    ------
    UsageError
        If the parent is not among the models trained here.
    """
    if parent is not None and find_model(parent).origin != "user":
        raise UsageError(
            f"the parent {parent!r} is the bundled one; train {parent!r} first, with "
            "the same COVSEG_HOME."
        )


if __name__ == "__main__":
    run_recipe(main)

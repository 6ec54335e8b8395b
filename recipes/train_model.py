"""Train a model to be bundled from all cases of a store, or go on with it.

    python recipes/train_model.py NAME --store STORE [--config recipes/NAME.toml]
        [--fold 0]

Unlike with ``covseg train`` the new model may have the name of one that is bundled.  A
run that was stopped or killed goes on, and a model that is finished stays as it is.
What the recipe names as its parent is trained first.  With --fold the model is
NAME-fold0, learns from all but that fold and goes on from the parent's model of the
fold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from folds import FOLDS
from running import run_recipe
from training import train

from covseg_core.cases.reading import CaseReader

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
    store = CaseReader(options.store)
    entry = train(store, options.name, config, options.fold, options.progress)
    print(f"{entry.card.name} {entry.card.weights_sha256[:12]}")


if __name__ == "__main__":
    run_recipe(main)

"""Train a recipe five times, each without one fold, and judge what was held out.

    python recipes/cross_validate.py --store STORE --config recipes/NAME.toml \
        --name NAME [--folds 0,1,2,3,4] -o docs/results/NAME.json

STORE is that of `recipes/make_store.py`.  The models of the folds, NAME-fold0 and so
on, and what was judged stay in COVSEG_HOME: stopped with Ctrl+C or killed, the same
command goes on where it was.  A recipe with a parent goes on from the parent's model of
the same fold.  All cases are judged twice: as the networks answer, which tells the
temperature, and with that temperature, as the bundled model will answer.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from document import make_document, render
from folds import FOLDS
from held_out import finder_of
from judged import judge_fold
from predicting import Judge
from running import run_recipe
from said import read_answers
from summary import temperature_of
from training import plan_of, train

from covseg_core.cases.reading import CaseReader
from covseg_core.io.atomic import write_text
from covseg_core.learn.plan import read_plan
from covseg_core.registry.store import find_model
from covseg_core.registry.weights import LoadedModel, load_model

if TYPE_CHECKING:
    from covseg_core.cli.run_progress import Shown
    from covseg_core.learn.plan import RunPlan


@dataclass(frozen=True)
class CrossValidation:
    """What is to be trained and how it is to answer.

    Parameters
    ----------
    store : CaseReader
        All cases.
    name : str
        Of the model.
    config : Path
        Its recipe.
    lungs : str
        Name of the model that finds the lungs for a fold; see ``--help``.
    progress : {"rich", "jsonl", "none"}
        How much is said on the way.
    """

    store: CaseReader
    name: str
    config: Path
    lungs: str = ""
    progress: Shown = "rich"

    def plan(self, fold: int) -> RunPlan:
        """Plan the training without one fold."""
        return plan_of(self.store, self.name, self.config, fold)

    def judge(self, fold: int, answers: dict[str, Any]) -> list[dict[str, Any]]:
        """Train the model of a fold, if it is not, and judge what it has not seen."""
        entry = train(self.store, self.name, self.config, fold, self.progress)
        model, plan = load_model(entry), read_plan(entry.card.name)
        card = model.card.model_copy(update=answers)
        finder = finder_of(self.lungs, fold)
        judge = Judge(self.store, LoadedModel(card, model.network), finder)

        def say(case: str) -> None:
            self._say(f"fold {fold}: {case}")

        return [{"fold": fold, **row} for row in judge_fold(judge, plan, say)]

    def run(self, folds: tuple[int, ...]) -> dict[str, Any]:
        """Train and judge some folds; what they say is for `document.render`."""
        said = read_answers(self.name)
        before = self._all(folds, {**said, "temperature": 1.0})
        said["temperature"] = temperature_of(before)
        self._say(f"temperature {said['temperature']}")
        rows = self._all(folds, said)
        card = self.plan(folds[0]).card.model_copy(update=said)
        return make_document(card, self._facts(folds), before, rows)

    def _all(
        self, folds: tuple[int, ...], said: dict[str, Any]
    ) -> list[dict[str, Any]]:
        return [row for fold in folds for row in self.judge(fold, said)]

    def _facts(self, folds: tuple[int, ...]) -> dict[str, Any]:
        plan = self.plan(folds[0])
        return {
            "name": self.name,
            "recipe": self.config.name,
            "size": plan.card.prepare.size,
            "epochs": plan.settings.epochs,
            "weights": {
                str(fold): find_model(self.plan(fold).name).card.weights_sha256
                for fold in folds
            },
            "lungs_found_by": self.lungs,
        }

    def _say(self, line: str) -> None:
        if self.progress == "rich":
            sys.stderr.write(line + "\n")


def main() -> None:
    """Read the command line, run, and write the results."""
    options = _options()
    validation = CrossValidation(
        CaseReader(options.store),
        options.name,
        options.config,
        options.lungs_pattern,
        options.progress,
    )
    document = validation.run(options.folds)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_text(options.output, render(document))
    print(options.output.name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--store", type=Path, required=True, help="case store")
    parser.add_argument("--config", type=Path, required=True, help="recipe, TOML")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--folds", type=_folds, default="0,1,2,3,4", help="which")
    parser.add_argument(
        "--lungs-pattern",
        default="",
        help="model that finds the lungs for a fold, such as lungs-small-fold{fold}, "
        "at the threshold in docs/results; without it the bundled one, which knows "
        "these scans",
    )
    parser.add_argument(
        "--progress", choices=("rich", "jsonl", "none"), default="rich", help="shown"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file")
    return parser.parse_args()


def _folds(text: str) -> tuple[int, ...]:
    """Read numbers of folds."""
    folds = sorted({int(part) for part in text.split(",")})
    if not folds or folds[0] < 0 or folds[-1] >= len(FOLDS):
        raise argparse.ArgumentTypeError(
            f"folds are numbers from 0 to {len(FOLDS) - 1} with commas between them, "
            f"got {text}"
        )
    return tuple(folds)


if __name__ == "__main__":
    run_recipe(main)

"""Score a model on the volumes that the bundled models were not trained on.

    python benchmarks/held_out.py --data DIR [--model NAME]

DIR holds the collections as `recipes/sources.py` reads them.  Prints, per volume,
the true and the found infection in ml and their Dice, as predicted and with every
island kept (`sure` of the model card set to 0).  The lungs are found, not given.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

from sources import healthy_case, medseg_case

from covseg_core.cli.progress import follow
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.predict import predict_ct
from covseg_core.io import read_ct
from covseg_core.metrics import dice
from covseg_core.registry.store import DEFAULT_MODEL, find_model
from covseg_core.registry.weights import LoadedModel, load_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from covseg_core.volume import CTVolume


def main() -> None:
    """Print one line per volume."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    options = parser.parse_args()

    model = load_model(find_model(options.model))
    lenient = replace(model, card=model.card.model_copy(update={"sure": 0.0}))
    print(f"{options.model:22}{'true':>8}{'found':>16}{'every island':>16}")
    for name, ct, truth in held_out(options.data):
        columns = [score(ct, truth, way) for way in (model, lenient)]
        true = "0.0" if truth is None else f"{truth.sum() * ct.grid.voxel_ml:.1f}"
        print(f"{name:22}{true:>8}" + "".join(f"{text:>16}" for text in columns))


def held_out(
    data: Path,
) -> Iterator[tuple[str, CTVolume, npt.NDArray[np.bool_] | None]]:
    """Give name, scan and true infection; None is a scan without infection."""
    for number in ("02", "06"):
        case = medseg_case(data, number)
        yield case.name, case.ct, case.lesions.labels > 0
    yield "lctsc 104", healthy_case(data, "104").ct, None
    yield "siemens 8 mm", read_ct(data / "dicom_siemens_8mm"), None


def score(ct: CTVolume, truth: npt.NDArray[np.bool_] | None, model: LoadedModel) -> str:
    """Predict and say what was found, in ml, and its Dice."""
    lesions = follow(predict_ct(ct, model, PredictSettings())).lesions
    found = f"{sum(lesions.volumes_ml.values()):.1f} ml"
    return found if truth is None else f"{found} {dice(lesions.labels, truth):.3f}"


if __name__ == "__main__":
    main()

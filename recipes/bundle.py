"""Put a trained model into the package, its weights in half precision.

python recipes/bundle.py NAME --summary TEXT --limits TEXT
"""

from __future__ import annotations

import argparse

from covseg_core.registry.store import BUNDLED, find_model
from covseg_core.registry.weights import load_model, save_model

LARGEST_MB = 12
LICENCE = "Non-commercial research use (training data CC BY-NC-SA 4.0)"


def main() -> None:
    """Copy the model, with what is said of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--summary", required=True)
    parser.add_argument("--limits", required=True)
    options = parser.parse_args()
    model = load_model(find_model(options.name))
    if model.network is None:
        raise SystemExit("there is nothing to bundle of a model without a network.")
    said = {
        "summary": options.summary,
        "limits": options.limits,
        "licence": LICENCE,
    }
    card = model.card.model_copy(update=said)
    state = model.network.state_dict()
    entry = save_model(BUNDLED / options.name, card, state, half=True)
    size_mb = entry.weights.stat().st_size / 1e6
    print(f"{entry.weights.name}: {size_mb:.1f} MB of at most {LARGEST_MB}")


if __name__ == "__main__":
    main()

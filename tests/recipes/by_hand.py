"""Results of a cross-validation as they might be, written by hand."""

from __future__ import annotations

from document import render


def mean(value, low=None, high=None, n=1):
    return {"mean": value, "low": low, "high": high, "n": n}


def way(**measures):
    return {**measures, "refused": 0}


def case(name, fold, dice, **more):
    found = {"dice": dice, "classes": {}, "true_ml": 70.0, "found_ml": 60.0} | more
    source = "MedSeg: volumes"
    return {
        "fold": fold,
        "case": name,
        "patient": name,
        "source": source,
        "slices": 20,
        "given": None,
        "found": found,
    }


def make_results(**change):
    """Two folds of two, whose best threshold is 0.4 and temperature 1.5."""
    volumes = {
        "patients": 2,
        "cases": 2,
        "slices": 40,
        "given": way(dice=mean(0.8, 0.75, 0.85, 2)),
        "found": way(dice=mean(0.7, 0.6, 0.8, 2), false_ml=mean(3.25)),
    }
    pictures = {
        "patients": 5,
        "cases": 5,
        "slices": 5,
        "given": way(dice=mean(0.65, 0.6, 0.7, 5), ggo=mean(0.5, 0.4, 0.6, 3)),
        "found": None,
    }
    results = {
        "format": 1,
        "name": "small",
        "recipe": "small.toml",
        "size": 32,
        "epochs": 1,
        "weights": {"0": "a" * 64, "1": "b" * 64},
        "lungs_found_by": "hu-threshold",
        "of_folds": 2,
        "label_set": "infection",
        "architecture": "unet",
        "answers": {
            "sure": 0.9,
            "mirrored": False,
            "through_plane_mm": 4.0,
            "temperature": 1.5,
        },
        "threshold": {"best": 0.4, "mean_dice": 0.71, "mean_dice_at_half": 0.7},
        "calibration": {
            "ece_before": 0.05,
            "region": "within the lungs",
            "n": 100,
            "temperature": 1.5,
            "ece": 0.01,
            "rows": [[0.1, 0.1, 50], [0.9, 0.8, 50]],
        },
        "sources": {"MedSeg: volumes": volumes, "MedSeg: pictures": pictures},
        "cases": [
            case("medseg-01", 0, 0.7),
            case("medseg-06", 1, 0.2),
            case("lctsc-101", 0, None, true_ml=0.0, found_ml=3.25, false_ml=3.25),
        ],
    }
    return results | change


def write_results(folder, **change):
    """Write them as cross_validate.py does; gives the file."""
    results = make_results(**change)
    file = folder / f"{results['name']}.json"
    file.write_text(render(results), encoding="utf-8")
    return file

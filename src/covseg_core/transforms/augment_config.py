"""How strongly training slices are changed; `transforms.augment` does it."""

from __future__ import annotations

from covseg_core.settings import Settings, setting

__all__ = ["Augment"]


class Augment(Settings):
    """How strongly training slices are changed."""

    flip: float = setting(0.5, "Chance of a left-right flip.", low=0, high=1)
    upside_down: float = setting(0.0, "Chance of a front-back flip.", low=0, high=1)
    crop: float = setting(0.0, "Chance of a crop to 4/5 of the sides.", low=0, high=1)
    turn: float = setting(12.0, "Largest rotation.", unit="degrees", low=0, high=180)
    zoom: float = setting(0.2, "Largest change of size, each axis.", low=0, high=0.5)
    shift: float = setting(0.08, "Largest shift, share of the width.", low=0, high=0.5)
    contrast: float = setting(0.3, "Largest change of contrast.", low=0, high=0.9)
    brightness: float = setting(0.12, "Largest change of brightness.", low=0, high=0.9)
    gamma: float = setting(0.35, "Largest change of log gamma.", low=0, high=1)
    noise: float = setting(0.03, "Largest standard deviation of noise.", low=0, high=1)
    blur: float = setting(0.2, "Chance of a blur, as by a soft kernel.", low=0, high=1)
    coarse: float = setting(
        0.0, "Chance of pixels as coarse as up to three.", low=0, high=1
    )
    transplant: float = setting(
        0.0,
        "Chance of the lesions of another slice, for networks that outline lesions.",
        low=0,
        high=1,
    )
    dense: float = setting(
        0.0,
        "Chance that part of a lung is filled, as by dense disease; for networks that "
        "outline the lungs.",
        low=0,
        high=1,
    )
    gas: float = setting(
        0.0,
        "Chance of bubbles of gas beside the lungs, as in stomach and bowel; for "
        "networks that outline the lungs.",
        low=0,
        high=1,
    )
    cutout: float = setting(0.2, "Chance of one grey rectangle.", low=0, high=1)
    cutout_share: float = setting(
        0.05, "Share of the slice that the rectangle covers.", low=0.001, high=0.9
    )

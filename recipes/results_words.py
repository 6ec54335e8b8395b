"""What the page of results says around its tables."""

from __future__ import annotations

from typing import Any

from covseg_core.registry.card import HU_THRESHOLD

__all__ = ["CLOSING", "OPENING", "lungs_in_words", "way_in_words"]

OPENING = """\
# Results

Every figure on this page is of patients whose scans the network had not seen. The
cases of [the recipes](../models.md#how-the-models-are-made) are split into five folds
by patient. Five networks are trained by one recipe, each without one fold, and each is
asked about the fold that it did not see. `recipes/results_page.py` writes this page
from the files beside it, which hold the scores of every single case.

**How to read the tables**

- *Dice* compares the mask at the threshold 0.5, as a user gets it, with the reader's:
  over a whole scan for volumes, over the one slice for pictures. It is not defined, and
  not counted, where there is nothing to find; *false ml* tells what was outlined there.
- *Dice over thresholds* is the mean for the thresholds 0, 0.01, … 1, before small
  islands are dropped.
- *Opacity* and *consolidation* are scored where they occur and the reader told them
  apart; infection of unknown class is left out.
- *AUC of slices* is how often, in one scan, a slice with infection has a larger area
  outlined than a slice without.
- Of a model that outlines lungs, *Dice* is that of both lungs together; *right lung*
  and *left lung* ask for the side, too. *Infection held* is how much of the infection
  in the reader's lungs lies in those that were found.
- *Lungs given* means that the reader's lungs were handed over, *found* that the program
  found them. Pictures are shown to the network whole.
- The *diagram* of each model shows of the voxels that it calls, say, 60 % probable how
  many are infected, or lung. Below the dotted line it is too sure.
- In brackets stands the 95 % bootstrap interval, drawn by patient. It is missing where
  one patient stands behind a figure, and it is wide where there are few.
"""

CLOSING = """\
## What these figures do not say

- **The bundled weights are not the ones that were judged.** They are trained by the
  same recipe on all cases, the held-out ones as well, so no case above is new to them.
  The networks of the folds, trained on four fifths, stand for them.
- **Threshold and temperature were chosen on the held-out cases**, one number each, and
  so were, by hand, `sure` and `through_plane_mm` in the card and what share of an
  island has to be sure. Of the thresholds within 0.002 of the best Dice that next to
  0.5 was taken. The mean Dice with it is therefore a little too good; the tables are at
  0.5. The calibration error after tempering is of the cases that the temperature was
  fitted to.
- **Who the pictures are of is not known.** Each counts as one patient, though some may
  share one. Neighbouring files lie in one fold, so that a patient is rarely on both
  sides; the intervals of pictures may still be too narrow.
- **Few patients.** The volumes are of nine people, four of them without infection, from
  two collections. Other scanners, doses, slice thicknesses and diseases are not here.
- **A mean over volumes is of five patients.** One of them, MedSeg 06, has a single
  lesion of 0.24 ml. Whoever misses it has a Dice of 0 there, which counts as much as
  the 900 ml of MedSeg 01. Look at the scans one by one.
- **No infection does not mean no opacity.** The patients of LCTSC were treated for
  cancer of the lung. What is outlined in LCTSC 101 lies in an opacity of the lower part
  of the right lung, in LCTSC 102 and 104 in the back of the lungs, where gravity leaves
  little air. A look at the scans shows each.
- **Readers differ.** The masks are those of the collections; another reader would draw
  others.
- **The recipes were chosen** when earlier figures of these same cases were known.
"""


def lungs_in_words(results: dict[str, Any]) -> str:
    """Say what found the lungs for a model of infection."""
    if results["label_set"] == "lungs":
        return ""
    if results["lungs_found_by"] == HU_THRESHOLD:
        return "Lungs were found by the density of air."
    if results["lungs_found_by"]:
        return "Lungs were found by the lung model of the same fold, just as blind."
    return "Lungs were found by the bundled lung model, which **has seen** these scans."


def way_in_words(way: str, source: str, label_set: str) -> str:
    """Say where the lungs of a row came from."""
    if label_set == "lungs":
        return "its own"
    return "–" if source.endswith("pictures") else way

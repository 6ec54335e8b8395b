from __future__ import annotations

import sys

import pytest
import results_page
from by_hand import case, make_results, write_results
from results_page import render_page

from covseg_core.errors import InputRefusedError


def test_a_source_has_a_line_for_every_way():
    page = render_page([make_results()])
    expected = [
        "| held out | lungs | patients | slices | Dice | opacity | false ml |",
        "| MedSeg: volumes | given | 2 | 40 | 0.80 (0.75–0.85) | – | – |",
        "| MedSeg: volumes | found | 2 | 40 | 0.70 (0.60–0.80) | – | 3.2 |",
        "| MedSeg: pictures | – | 5 | 5 | 0.65 (0.60–0.70) | 0.50 (0.40–0.60) | – |",
    ]
    assert [line for line in page.splitlines() if line in expected] == expected


def test_every_scan_has_a_line_with_the_volumes_that_its_dice_compares():
    page = render_page([make_results()])
    lines = ["| lctsc-101 | 0.0 | 3.2 | – |", "| medseg-01 | 70.0 | 60.0 | 0.70 |"]
    assert "\n".join(lines) in page


def test_a_lesion_of_less_than_a_millilitre_does_not_read_as_none():
    page = render_page([make_results(cases=[case("tiny", 0, 0.0, true_ml=0.04)])])
    assert "| tiny | 0.04 | 60.0 | 0.00 |" in page


@pytest.mark.parametrize(
    ("scores", "told"), [({"dice": 0.0}, "– | – | 0.00"), ({}, "– | – | –")]
)
def test_a_scan_that_was_refused_has_no_volumes(scores, told):
    refused = case("bad", 0, 0.0) | {"found": {**scores, "refused": True}}
    page = render_page([make_results(cases=[refused])])
    assert f"| bad | {told} |" in page


def test_the_worst_pictures_are_named():
    scores = (0.9, 0.5, 0.8, None, 0.7, 0.6, 0.4)
    pictures = [
        case(f"slice-{n}", 0, dice) | {"source": "MedSeg: pictures"}
        for n, dice in enumerate(scores)
    ]
    page = render_page([make_results(cases=pictures)])
    worst = "slice-6 0.40, slice-1 0.50, slice-5 0.60, slice-4 0.70, slice-2 0.80"
    assert f"The lowest Dice of pictures: {worst}." in page


def test_threshold_and_calibration_are_told():
    page = render_page([make_results()])
    assert "Threshold 0.40: mean Dice of the sources 0.710, with 0.5 0.700." in page
    assert "calibration error 0.0500 before and 0.0100 after, within the lungs." in page


@pytest.mark.parametrize(
    ("finder", "words"),
    [
        ("", "the bundled lung model, which **has seen** these scans."),
        ("hu-threshold", "the density of air."),
        ("lungs-fold{fold}", "the lung model of the same fold, just as blind."),
    ],
)
def test_what_found_the_lungs_is_told(finder, words):
    page = render_page([make_results(lungs_found_by=finder)])
    assert f"Lungs were found by {words}" in page


def test_a_part_of_the_folds_is_no_secret():
    page = render_page([make_results(weights={"0": "a"})])
    assert "1 of 2 folds" in page
    assert "**These figures are of some folds only and will change.**" in page


def test_a_page_is_written_for_the_results_of_a_folder(tmp_path, monkeypatch, capsys):
    write_results(tmp_path, name="second").with_suffix(".log.csv").touch()
    write_results(tmp_path, name="first")
    monkeypatch.setattr(sys, "argv", ["page", "--results", str(tmp_path)])
    results_page.main()
    page = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert page.index("## first") < page.index("## second")
    assert "([log](second.log.csv))" in page
    assert "first.log.csv" not in page
    assert capsys.readouterr().out == "2 models\n"
    for name in ("first", "second"):
        diagram = f"{name}.reliability.png"
        assert f"![Reliability of {name}]({diagram})" in page
        assert (tmp_path / diagram).read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_results_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["page", "--results", str(tmp_path)])
    with pytest.raises(InputRefusedError, match="make them with cross_validate"):
        results_page.main()

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from covseg_core.labels import LESIONS, LOBES
from covseg_core.reports.severity.tables import tables_of
from covseg_core.severity.agreement import measure_agreement
from covseg_core.severity.change import Visit, measure_change
from covseg_core.severity.interval import measure_interval
from covseg_core.severity.report import measure_report
from covseg_core.volume import LobeMask


@pytest.fixture
def tables(block_report):
    return {one.key: one for one in tables_of(block_report, LESIONS)}


def row(table, name):
    (found,) = [each for each in table.rows if each[0].startswith(name)]
    return found


def test_the_table_by_lung_has_the_volumes_of_the_blocks(tables):
    table = tables["by_lung"]
    assert table.head == ("", "Right", "Left", "Both")
    assert row(table, "Lung") == ("Lung (ml)", "600.0", "400.0", "1000")
    assert row(table, "Opacity") == ("Opacity (%)", "8.3", "5.0", "7.0")
    assert row(table, "High opacity")[1:] == ("0.0", "5.0", "2.0")
    assert not any("points" in each[0] for each in table.rows)


def test_scores_stand_with_their_maximum_rung_and_edges(tables):
    table = tables["scores"]
    points = row(table, "25-point score *")
    assert points[1:4] == ("7 of 30", "4 of 15", "3 of 15")
    assert points[4] == "six zones: thirds of each lung by height, not lobes"
    assert points[5] == "0: none; 1: < 5 %; 2: ≤ 25 %; 3: < 50 %; 4: ≤ 75 %; 5: > 75 %"
    assert table.note.startswith("* Given to 20 equal-volume regions")


def test_regions_have_shares_and_the_points_of_each_score_of_their_rung(tables):
    table = tables["by_region"]
    assert table.head[:6] == (
        "Region",
        "Volume",
        "Infected",
        "Opacity",
        "High opacity",
        "25-point score",
    )
    assert "CT-SS" not in table.head
    # 300 of 2400 voxels of 0.1 ml.
    middle = row(table, "Right middle zone")
    assert middle[1:6] == ("240 ml", "30.0 ml", "12.5 %", "0.0 %", "2")


def test_lobes_make_the_scores_those_of_the_publications(blocks):
    labels = np.where(blocks.lungs.labels == 1, 3, 0).astype(np.uint8)
    labels[blocks.lungs.labels == 2] = 1
    lobes = LobeMask(labels, blocks.ct.grid)
    report = measure_report(blocks.ct, blocks.lesions, blocks.lungs, lobes=lobes)
    tables = {one.key: one for one in tables_of(report, LESIONS)}
    titles = [each[0] for each in tables["by_region"].rows]
    assert sorted(titles) == sorted(label.title for label in LOBES.classes)
    assert row(tables["by_region"], "Right middle lobe")[5] == "–"
    # The asterisk of what is not as published is gone.
    score = row(tables["scores"], "Lung severity score")
    assert score[:2] == ("Lung severity score", "not scorable")


def test_where_infection_lies_adds_up(tables):
    table = tables["distribution"]
    assert row(table, "Right lung")[1:] == ("50.0 ml", "71.4 %", "8.3 %")
    assert row(table, "Left lung")[1:] == ("20.0 ml", "28.6 %", "5.0 %")
    assert table.note == "Separate lesions: 2; the largest has 50.0 ml."


def test_density_has_lungs_and_infection_side_by_side(tables):
    table = tables["density"]
    assert table.head == ("", "Lungs", "Infection")
    # 500 voxels of -550 and 200 of 20 HU.
    assert row(table, "Mean")[2].startswith("-387 ± ")
    assert row(table, "Ventilated")[1:] == ("93.0 %", "0.0 %")


def test_a_scan_without_hu_has_no_table_of_density(blocks):
    ct = replace(blocks.ct, is_hu=False)
    report = measure_report(ct, blocks.lesions, blocks.lungs)
    tables = {one.key: one for one in tables_of(report, LESIONS)}
    assert "density" not in tables
    assert row(tables["by_lung"], "High opacity")[1:] == ("–", "–", "–")


def test_agreement_has_overlap_and_difference(blocks, block_report):
    half = blocks.lesions.labels.copy()
    half[:, :30] = 0
    reader = replace(blocks.lesions, labels=half)
    agreement = measure_agreement(blocks.ct, reader, blocks.lungs, blocks.lesions)
    report = replace(block_report, agreement=agreement)
    table = tables_of(report, LESIONS)[-1]
    # Of 500 + 200 voxels 250 + 120 are left: 2 * 370 / 1070.
    assert row(table, "All infection") == (
        "All infection",
        "0.692",
        "37.0 ml",
        "70.0 ml",
        "-33.0 ml (-47.1 %)",
    )


def test_the_interval_has_its_ends(blocks, block_report):
    maps = np.stack([0.7 * (blocks.lesions.labels == value) for value in (1, 2)])
    interval = measure_interval(
        blocks.ct, blocks.lesions, blocks.lungs, maps.astype(np.float32)
    )
    table = tables_of(replace(block_report, interval=interval), LESIONS)[-1]
    assert table.title == "50 % interval from the model's probabilities"
    assert row(table, "Both lungs, all infection")[1:] == (
        "70.0 ml",
        "0.0 ml",
        "70.0 ml",
    )


def test_change_has_differences_rates_and_places(blocks, block_report):
    labels = np.where(blocks.lesions.labels == 2, 0, blocks.lesions.labels)
    old = replace(blocks.lesions, labels=labels.astype(np.uint8))
    before = Visit(old, blocks.lungs, measure_report(blocks.ct, old, blocks.lungs))
    now = Visit(blocks.lesions, blocks.lungs, block_report)
    change = measure_change(before, now, days=4)
    table = tables_of(replace(block_report, change=change), LESIONS)[-1]
    assert table.title == "Change since an earlier scan, 4 days before"
    assert row(table, "All infection") == (
        "All infection",
        "50.0 ml",
        "70.0 ml",
        "+20.0 ml",
        "+5.00 ml",
    )
    assert row(table, "Opacity, both lungs")[3:] == ("+2.0 pp", "+0.50 pp")
    assert row(table, "25-point score (of 30)")[1:4] == ("4", "7", "+3")
    assert row(table, "New infection")[2] == "20.0 ml"
    assert "overlap (Dice)" in table.note


def test_every_row_has_as_many_words_as_the_head(block_report):
    for table in tables_of(block_report, LESIONS):
        assert {len(each) for each in table.rows} == {len(table.head)}

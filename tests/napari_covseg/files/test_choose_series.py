from __future__ import annotations

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from covseg_core.io.dicom import SeriesSummary
from napari_covseg._files.choose_series import SeriesDialog, choose_series

SERIES = (
    SeriesSummary("1.2.3", "CT", "Lung 1.0", 240, (240, 512, 512), (1.0, 0.7, 0.7)),
    SeriesSummary("1.2.4", "CT", "Body 5.0", 48, (48, 512, 512), (5.0, 0.7, 0.7)),
)


@pytest.fixture
def dialog(qtbot) -> SeriesDialog:
    dialog = SeriesDialog(SERIES)
    qtbot.addWidget(dialog)
    return dialog


def test_each_series_is_told_by_what_it_is(dialog):
    rows = [
        [dialog.table.item(row, column).text() for column in range(4)]
        for row in range(2)
    ]
    assert rows == [
        ["CT", "Lung 1.0", "240", "1 × 0.7 × 0.7"],
        ["CT", "Body 5.0", "48", "5 × 0.7 × 0.7"],
    ]


def test_first_series_is_chosen_until_another_one_is(dialog):
    assert dialog.series_uid == "1.2.3"
    dialog.table.selectRow(1)
    assert dialog.series_uid == "1.2.4"


@pytest.mark.parametrize(("answer", "uid"), [("accept", "1.2.3"), ("reject", None)])
def test_choice_is_the_answer_of_the_dialog(qtbot, answer, uid):
    def press():
        getattr(QApplication.activeModalWidget(), answer)()

    QTimer.singleShot(200, press)
    assert choose_series(SERIES) == uid

from __future__ import annotations

import numpy as np
import pytest

from covseg_core.editing.tools import TOOLS, Spot
from napari_covseg._tools.tool_run import ToolRun

SMOOTH = next(tool for tool in TOOLS if tool.title == "Smooth")
COPY = next(tool for tool in TOOLS if tool.title == "Copy from a slice")


@pytest.fixture
def start(workplace):
    editor = workplace.editor

    def begin(tool, slice_number=8, settings=None):
        run = ToolRun(editor)
        spot = Spot(editor.kept, (8.0, 5.0, 2.5), 1, slice_number)
        run.start(tool, spot, settings or tool.settings())
        return run

    return begin


def test_proposal_comes_with_its_picture(start, qtbot):
    settings = SMOOTH.settings(radius_mm=8)
    run = start(SMOOTH, settings=settings)
    with qtbot.waitSignal(run.proposed) as told:
        pass
    proposal, picture, legend = told.args[0]
    assert proposal.removed_ml > 0
    assert "yellow removed" in legend
    np.testing.assert_array_equal(picture > 0, proposal.difference > 0)


def test_tool_that_can_do_nothing_tells_why(start, qtbot):
    run = start(COPY, slice_number=0)
    with qtbot.waitSignal(run.failed) as told:
        pass
    assert told.args[0].sentence.startswith("The scan ends here")


def test_edit_meanwhile_makes_the_run_void(start, workplace, qtbot):
    run = start(SMOOTH)
    told = []
    run.proposed.connect(told.append)
    with qtbot.waitSignal(run.dropped):
        workplace.editor.apply("Erase", np.zeros_like(workplace.mask.data))
    assert told == []


def test_stopped_run_tells_nothing(start, qtbot):
    run = start(SMOOTH)
    with qtbot.waitSignal(run.dropped):
        run.stop()

from __future__ import annotations

import pytest

from covseg_core.editing.config import CopySlice, FillBetween
from covseg_core.editing.tools import COPY_FROM_SLICE, FILL_BETWEEN
from napari_covseg.widgets._slice_tools import SliceTools


@pytest.mark.parametrize(
    ("button", "tool", "settings"),
    [
        ("gap_button", FILL_BETWEEN, FillBetween()),
        ("below_button", COPY_FROM_SLICE, CopySlice(source="slice below")),
        ("above_button", COPY_FROM_SLICE, CopySlice(source="slice above")),
    ],
)
def test_button_runs_its_tool_for_the_shown_slice(qtbot, button, tool, settings):
    ran = []
    tools = SliceTools(lambda *job: ran.append(job))
    qtbot.addWidget(tools)
    getattr(tools, button).click()
    assert ran == [(tool, settings)]

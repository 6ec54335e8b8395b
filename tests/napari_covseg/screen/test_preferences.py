from __future__ import annotations

import pytest
from napari.layers import Layer
from napari.settings import get_plugin_settings
from npe2 import PluginManager

from napari_covseg._convert import mask_layer
from napari_covseg._screen.preferences import (
    autosave_seconds,
    mask_opacity,
    opening_window,
    preferred_device,
)
from napari_covseg._screen.windows import PRESETS
from napari_covseg.widgets.segment import SegmentStep
from napari_covseg.widgets.view import ViewBar

PLUGIN = "napari-covseg"


@pytest.fixture
def preferences(qapp, tmp_path, monkeypatch):
    """The plugin's page in napari's preferences, in a folder of the test's own."""
    from napari import settings

    monkeypatch.setattr(settings, "_PLUGIN_SETTINGS", {})
    PluginManager.instance().discover()
    return get_plugin_settings(PLUGIN, path_dir=tmp_path)


def test_defaults_are_those_of_the_manifest(preferences):
    assert opening_window() == PRESETS[0].title
    assert mask_opacity() == 0.45
    assert preferred_device() == "auto"
    assert autosave_seconds() == 3


def test_every_window_to_choose_from_is_a_preset(preferences):
    manifest = PluginManager.instance().get_manifest(PLUGIN)
    page = manifest.contributions.configurations["display"]
    offered = page.properties["window"].enum
    assert offered == [preset.title for preset in PRESETS]


def test_chosen_values_are_used(preferences):
    preferences.display.window = "Bone"
    preferences.display.mask_opacity = 0.8
    preferences.work.device = "cpu"
    preferences.work.autosave_seconds = 7
    assert opening_window() == "Bone"
    assert mask_opacity() == 0.8
    assert preferred_device() == "cpu"
    assert autosave_seconds() == 7


def test_new_mask_has_the_chosen_opacity(preferences, phantom):
    preferences.display.mask_opacity = 0.8
    layer = Layer.create(*mask_layer(phantom.lesions, "Infection"))
    assert layer.opacity == 0.8


def test_scan_opens_in_the_chosen_window(preferences, workplace, qtbot):
    preferences.display.window = "Mediastinum"
    bar = ViewBar(workplace.session)
    qtbot.addWidget(bar)
    assert bar.preset.currentText() == "Mediastinum"
    assert tuple(workplace.scan.contrast_limits) == (-160, 240)


def test_segment_begins_with_the_chosen_device(preferences, workplace, qtbot):
    preferences.work.device = "cpu"
    step = SegmentStep(workplace.session)
    qtbot.addWidget(step)
    assert step.form.read().device == "cpu"


def test_backups_come_as_often_as_chosen(preferences, workplace):
    preferences.work.autosave_seconds = 9
    mask = workplace.viewer.add_labels(
        workplace.mask.data.copy(), metadata=workplace.mask.metadata
    )
    autosave = workplace.session.autosave_of(workplace.session.edit(mask))
    assert autosave._timer.interval() == 9000


def test_plugin_that_is_switched_off_has_the_defaults(qapp, monkeypatch):
    def unknown(plugin):
        raise KeyError(plugin)

    monkeypatch.setattr(
        "napari_covseg._screen.preferences.get_plugin_settings", unknown
    )
    assert opening_window() == "Lung"
    assert mask_opacity() == 0.45

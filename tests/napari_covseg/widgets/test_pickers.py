from __future__ import annotations

import shutil

from covseg_core.registry.card import ModelCard
from covseg_core.registry.home import models_folder
from covseg_core.registry.promotion import promote
from covseg_core.registry.store import DEFAULT_MODEL
from covseg_core.registry.weights import save_model
from napari_covseg.widgets._pickers import ModelPicker, ScanPicker


def chosen(qtbot):
    picker = ModelPicker()
    qtbot.addWidget(picker)
    return picker.entry.card.name


def test_the_promoted_model_is_chosen_first(qtbot):
    assert chosen(qtbot) == DEFAULT_MODEL
    promote("hu-threshold")
    assert chosen(qtbot) == "hu-threshold"


def test_a_damaged_history_leaves_the_bundled_model(qtbot):
    models_folder().mkdir()
    (models_folder() / "promoted.json").write_text("{")
    assert chosen(qtbot) == DEFAULT_MODEL


def test_a_model_that_is_gone_gives_way_to_the_promoted_one(qtbot):
    about = {"summary": "", "architecture": "infnet", "label_set": "infection"}
    save_model(models_folder() / "mine", ModelCard(name="mine", **about), {})
    picker = ModelPicker()
    qtbot.addWidget(picker)
    picker.setCurrentText("mine")
    picker.refresh()
    assert picker.entry.card.name == "mine"
    shutil.rmtree(models_folder() / "mine")
    picker.refresh()
    assert picker.entry.card.name == DEFAULT_MODEL


def test_a_model_that_was_only_pretrained_is_not_offered(qtbot):
    about = {"summary": "", "architecture": "infnet", "label_set": "infection"}
    for name, pretext in (("trained", ""), ("pretrained", "inpainting")):
        card = ModelCard(name=name, pretext=pretext, **about)
        save_model(models_folder() / name, card, {})
    picker = ModelPicker()
    qtbot.addWidget(picker)
    names = [picker.itemText(index) for index in range(picker.count())]
    assert "trained" in names
    assert "pretrained" not in names


def test_projection_of_a_scan_is_no_scan(qtbot, workplace):
    flat = workplace.scan.data.max(axis=0)
    workplace.viewer.add_image(flat, metadata=workplace.scan.metadata)
    picker = ScanPicker(workplace.viewer)
    qtbot.addWidget(picker)
    assert [picker.itemText(row) for row in range(picker.count())] == ["CT"]

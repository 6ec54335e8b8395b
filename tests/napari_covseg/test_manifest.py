from __future__ import annotations

import subprocess
import sys

import pytest
from npe2 import PluginManifest

OPEN_THE_WIDGET = """
import sys
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

app = QApplication([])
from napari_covseg import _reader, _sample_data, _writer
from napari_covseg.widgets.workbench import Workbench

widget = Workbench(ViewerModel())
widget.show()
app.processEvents()
print(sorted({"torch", "timm", "torchvision", "openvino"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("napari-covseg")


def test_manifest_is_valid_and_its_commands_exist(manifest):
    manifest.validate_imports()
    assert manifest.display_name == "CovSeg"


def test_reader_takes_folders(manifest):
    (reader,) = manifest.contributions.readers
    assert reader.accepts_directories
    assert {"*.nii", "*.nii.gz", "*.dcm"} <= set(reader.filename_patterns)


@pytest.mark.parametrize("menu", ["segment", "annotate", "measure"])
def test_the_one_widget_stands_where_one_looks_for_it(manifest, menu):
    (item,) = manifest.contributions.menus[f"napari/layers/{menu}"]
    (widget,) = manifest.contributions.widgets
    assert widget.display_name == "CovSeg"
    assert item.command == widget.command


def test_manifest_binds_no_keys_as_napari_would_ignore_them(manifest):
    assert not manifest.contributions.keybindings


def test_opening_the_widget_loads_no_network_library():
    answer = subprocess.run(
        [sys.executable, "-c", OPEN_THE_WIDGET],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.strip() == "[]", answer.stderr

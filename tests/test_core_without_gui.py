"""The core stands on its own: no GUI, no extras, and a cheap import."""

from __future__ import annotations

import subprocess
import sys

import pytest

EXTRAS = (
    "PyQt6",
    "PySide6",
    "magicgui",
    "napari",
    "npe2",
    "openvino",
    "psygnal",
    "qtpy",
    "superqt",
    "vispy",
)
HEAVY = ("matplotlib", "timm", "torch", "torchvision")

BLOCK_EXTRAS = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(name + " is not in the base installation")

sys.meta_path.insert(0, Blocked())
"""
IMPORT_EVERYTHING = """
import importlib, pkgutil
import covseg_core

for module in pkgutil.walk_packages(covseg_core.__path__, "covseg_core."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def loaded_by(code: str) -> set[str]:
    result = run_python(f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')")
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines())


def test_every_module_of_the_core_imports_without_gui_and_extras():
    result = run_python(BLOCK_EXTRAS + IMPORT_EVERYTHING)
    assert result.returncode == 0, result.stderr
    imported = set(result.stdout.split())
    assert {"covseg_core.volume", "covseg_core.io.nifti"} <= imported


@pytest.mark.parametrize("module", ["napari", "qtpy", "openvino"])
def test_the_block_of_extras_does_block(module):
    result = run_python(f"{BLOCK_EXTRAS}\nimport {module}")
    assert result.returncode == 1
    assert f"{module} is not in the base installation" in result.stderr


def test_importing_the_core_loads_nothing_heavy():
    assert loaded_by("import covseg_core").isdisjoint((*HEAVY, *EXTRAS, "numpy"))


def test_the_help_of_the_command_line_loads_nothing_heavy():
    code = "from covseg_core.cli.run import run\nrun(['--help'])"
    assert loaded_by(code).isdisjoint((*HEAVY, *EXTRAS))

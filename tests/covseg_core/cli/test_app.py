from __future__ import annotations

import subprocess
import sys

import pytest

from covseg_core.cli.app import COMMANDS, MODEL_COMMANDS

ALL = [[name] for name in COMMANDS] + [["models", name] for name in MODEL_COMMANDS]
HEAVY = ("torch", "timm", "matplotlib", "scipy", "skimage", "pydicom", "napari")


def python(program, *words):
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from covseg_core.cli.run import run\n"
        "code = run(sys.argv[1:])\n"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]\n"
        "sys.exit(' '.join(heavy) if heavy else code)\n"
    )
    answer = python(program, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "predict" in answer.stdout


def test_importing_the_core_imports_nothing_heavy():
    program = (
        "import sys, covseg_core\n"
        f"heavy = [n for n in {(*HEAVY, 'numpy')} if n in sys.modules]\n"
        "sys.exit(' '.join(heavy) if heavy else 0)\n"
    )
    answer = python(program)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_explains_itself(words, covseg):
    answer = covseg(*words, "--help")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.startswith(f"Usage: covseg {' '.join(words)}")
    texts = COMMANDS | MODEL_COMMANDS
    assert " ".join(answer.out.split()).count(texts[words[-1]]) == 1


def test_the_overview_lists_every_command_with_its_sentence(covseg):
    overview = covseg("--help").out
    for name, text in COMMANDS.items():
        assert f" {name} " in overview
        assert text in overview
    for name in MODEL_COMMANDS:
        assert f" {name} " in covseg("models", "--help").out


def test_the_program_exits_with_the_code_of_its_command():
    program = "import sys; from covseg_core.cli import main; main()"
    answer = python(program, "convert", "absent.nii.gz", "-o", "out.nii.gz")
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert answer.stderr == "covseg: there is no file or folder 'absent.nii.gz'.\n"

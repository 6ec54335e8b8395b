from __future__ import annotations

import subprocess
import sys

import pytest

from covseg_core.cli.app import CASE_COMMANDS, COMMANDS, MODEL_COMMANDS

TEXTS = {
    **{(name,): text for name, text in COMMANDS.items()},
    **{("models", name): text for name, text in MODEL_COMMANDS.items()},
    **{("cases", name): text for name, (_, text) in CASE_COMMANDS.items()},
}
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


@pytest.mark.parametrize("words", TEXTS, ids=" ".join)
def test_every_command_explains_itself(words, covseg):
    answer = covseg(*words, "--help")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.startswith(f"Usage: covseg {' '.join(words)}")
    assert " ".join(answer.out.split()).count(TEXTS[words]) == 1


def test_the_overview_lists_every_command_with_its_sentence(covseg):
    overview = covseg("--help").out
    for name, text in COMMANDS.items():
        assert f" {name} " in overview
        assert text in overview
    for group, names in (("models", MODEL_COMMANDS), ("cases", CASE_COMMANDS)):
        for name in names:
            assert f" {name} " in covseg(group, "--help").out


def test_the_program_exits_with_the_code_of_its_command():
    program = "import sys; from covseg_core.cli import main; main()"
    answer = python(program, "convert", "absent.nii.gz", "-o", "out.nii.gz")
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert answer.stderr == "covseg: there is no file or folder 'absent.nii.gz'.\n"

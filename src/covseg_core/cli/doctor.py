"""`covseg doctor`: what this computer has and what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from covseg_core import __version__
from covseg_core.cli.output import say, say_json
from covseg_core.errors import ModelRefusedError
from covseg_core.registry.store import (
    left_out,
    list_models,
    models_folder,
    read_weights,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["doctor"]

EXTRAS = {
    "napari": ("napari", "the viewer", 'pip install "napari-covseg[all]"'),
    "openvino": (
        "openvino",
        "a second engine for prediction on a CPU",
        'pip install "napari-covseg[openvino]"',
    ),
    "pacs": (
        "keyring",
        "finding, fetching and storing in a PACS",
        'pip install "napari-covseg[pacs]"',
    ),
}
QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")
CODECS = {
    "JPEG lossless and JPEG-LS": "libjpeg",
    "JPEG 2000": "openjpeg",
}
LEAST_FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `hint` says how to get it."""

    what: str
    ok: bool
    detail: str
    hint: str = ""


def doctor(*, json: bool = False) -> None:
    """Tell what this computer has, what is missing and how to get it.

    Parameters
    ----------
    json
        Print one JSON document.
    """
    findings = [
        Finding("covseg", True, __version__),
        Finding("python", True, f"{platform.python_version()} on {platform.system()}"),
        *_torch(),
        *_extras(),
        _qt(),
        *_codecs(),
        *_models(),
        *_store(),
    ]
    if json:
        say_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        mark = "ok     " if finding.ok else "missing"
        say(f"{mark}  {finding.what:28}{finding.detail}")
        if not finding.ok and finding.hint:
            say(f"         get it: {finding.hint}")


def _torch() -> list[Finding]:
    import torch

    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"
    findings = [Finding("torch", True, f"{torch.__version__}, {threads}")]
    if not torch.cuda.is_available():
        return [*findings, Finding("CUDA", True, "none; prediction runs on the CPU")]
    for number in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(number)
        memory = f"{found.total_memory / 2**30:.0f} GiB"
        findings.append(Finding(f"cuda:{number}", True, f"{found.name}, {memory}"))
    return findings


def _extras() -> list[Finding]:
    return [
        Finding(name, _version(package) != "", _version(package) or use, hint)
        for name, (package, use, hint) in EXTRAS.items()
    ]


def _qt() -> Finding:
    found = [name for name in QT_BINDINGS if _version(name)]
    if not found:
        return Finding("Qt", False, "none; the viewer needs one", "pip install PyQt6")
    return Finding("Qt", True, ", ".join(f"{name} {_version(name)}" for name in found))


def _codecs() -> list[Finding]:
    return [
        Finding(
            f"DICOM {name}",
            importlib.util.find_spec(module) is not None,
            f"pylibjpeg-{module}",
            f"pip install pylibjpeg pylibjpeg-{module}",
        )
        for name, module in CODECS.items()
    ]


def _models() -> list[Finding]:
    names, refused = [], list(left_out())
    for entry in list_models():
        try:
            if entry.card.weights_sha256:
                read_weights(entry)
            names.append(entry.card.name)
        except ModelRefusedError as error:
            refused.append(str(error))
    hint = "install napari-covseg again"
    return [
        Finding("models", len(names) > 0, ", ".join(names), hint),
        *(
            Finding("model", False, each, "import it again, or remove it")
            for each in refused
        ),
    ]


def _store() -> Iterator[Finding]:
    """Look at the folder that models go to, or where it would be made."""
    folder = models_folder()
    # Unlike that of Path it never raises.
    while not os.path.exists(folder):
        folder = folder.parent
    trouble = _trouble_with(folder)
    hint = "set COVSEG_HOME to a folder that you may write in"
    yield Finding("folder for models", not trouble, trouble or folder.name, hint)
    free = shutil.disk_usage(folder).free / 1e9
    yield Finding(
        "free space for models",
        free >= LEAST_FREE_GB,
        f"{free:.1f} GB",
        "free some, or set COVSEG_HOME to a folder on another disk",
    )


def _trouble_with(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder.name!r} is a file"
    return "" if os.access(folder, os.W_OK) else f"{folder.name!r} is write-protected"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

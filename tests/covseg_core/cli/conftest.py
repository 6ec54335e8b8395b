"""The program as a user calls it, with scans and models to call it on."""

from __future__ import annotations

import json
import signal
from typing import NamedTuple

import pytest

from covseg_core.cli.run import run
from covseg_core.io.nifti import write_nifti_ct, write_nifti_labels


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def hears_ctrl_c():
    """Let Ctrl+C stop, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def covseg(capsys, one_thread):
    """Run a command in this process; ``covseg("lungs", path, "-o", target)``."""

    def call(*words):
        capsys.readouterr()
        code = run([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(covseg):
    """Run a command that must fail with one line on stderr; gives that line."""

    def call(code, *words):
        answer = covseg(*words)
        assert answer.code == code, answer.err
        assert answer.err.startswith("covseg: ")
        assert answer.err.count("\n") == 1
        assert answer.err.endswith("\n")
        assert "Traceback" not in answer.err
        return answer.err

    return call


@pytest.fixture
def scan(blocks, tmp_path):
    """The block phantom as NIfTI."""
    write_nifti_ct(tmp_path / "scan.nii.gz", blocks.ct)
    return tmp_path / "scan.nii.gz"


@pytest.fixture
def lungs(blocks, tmp_path):
    """Its true lungs as NIfTI."""
    write_nifti_labels(tmp_path / "true_lungs.nii.gz", blocks.lungs)
    return tmp_path / "true_lungs.nii.gz"


@pytest.fixture(scope="session")
def dicom(blocks, tmp_path_factory):
    """The block phantom as a DICOM series."""
    from covseg_core.io.dicom.write import write_dicom_series

    folder = tmp_path_factory.mktemp("series")
    write_dicom_series(blocks.ct, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_network(one_thread, tiny):
    import torch

    from covseg_core.models import create_model

    torch.manual_seed(3)
    return create_model("infnet", **tiny)


@pytest.fixture
def tiny_model(covseg_home, tiny, tiny_network):
    """A model of random weights in the user's store; gives its name."""
    from covseg_core.registry.card import ModelCard
    from covseg_core.registry.weights import save_model
    from covseg_core.transforms.prepare import Prepare

    card = ModelCard(
        name="tiny",
        summary="Never trained.",
        architecture="infnet",
        arguments=tiny,
        label_set="infection",
        prepare=Prepare(size=64),
    )
    save_model(covseg_home / "models" / "tiny", card, tiny_network.state_dict())
    return "tiny"

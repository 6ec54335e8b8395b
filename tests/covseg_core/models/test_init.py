from __future__ import annotations

import subprocess
import sys

import pytest

from covseg_core.errors import ModelRefusedError
from covseg_core.models import ARCHITECTURES, create_model


def test_the_table_names_what_can_be_built():
    assert {"infnet", "multi-infnet", "infnet-joint", "unet"} <= set(ARCHITECTURES)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(
        ModelRefusedError, match=r"no architecture 'inf-net'; choose one of infnet, mul"
    ):
        create_model("inf-net")


def test_an_unknown_argument_is_refused_by_name(small):
    with pytest.raises(ModelRefusedError, match=r"'infnet' could not be built.*depth"):
        create_model("infnet", depth=3, **small)


def test_naming_the_architectures_loads_no_torch():
    code = "import sys, covseg_core.models; print('torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"

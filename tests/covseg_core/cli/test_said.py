from __future__ import annotations

import pytest

from covseg_core.cli.said import merged, read_config, refuse_settings
from covseg_core.errors import UsageError
from covseg_core.learn.config import NewNetwork
from covseg_core.training.pretrain_config import PretrainSettings


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('arch = "unet"\nepochs = 7\n[augment]\nflip = 0.25\nturn = 3\n')
    return file


def test_the_command_line_comes_before_the_file(config):
    said = read_config(config, NewNetwork, PretrainSettings)
    given = PretrainSettings(epochs=9, augment={"flip": 0.75})
    found = merged(PretrainSettings, said, given)
    assert (found.epochs, found.augment.flip, found.augment.turn) == (9, 0.75, 3)
    assert merged(NewNetwork, said, NewNetwork()).arch == "unet"
    assert found.model_fields_set == {"epochs", "augment"}


def test_what_no_setting_is_called_is_refused(config):
    with pytest.raises(UsageError, match="says arch, which is no setting; there are"):
        read_config(config, PretrainSettings)


def test_a_run_that_goes_on_takes_no_settings(config):
    refuse_settings(NewNetwork(), PretrainSettings(), config=None)
    with pytest.raises(UsageError, match="leave --arch, --batch-size, --config away"):
        refuse_settings(
            NewNetwork(arch="unet"), PretrainSettings(batch_size=4), config=config
        )

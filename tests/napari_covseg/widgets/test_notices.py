from __future__ import annotations

import numpy as np
import pytest

from covseg_core.registry.home import recovery_folder
from napari_covseg.widgets._notices import Notices


@pytest.fixture
def notices(workplace, qtbot) -> Notices:
    notices = Notices(workplace.session)
    qtbot.addWidget(notices)
    return notices


def lose(workplace) -> None:
    workplace.editor.apply("Clear", np.zeros_like(workplace.mask.data))
    workplace.viewer.layers.remove(workplace.mask)


def test_nothing_is_shown_while_all_is_well(notices):
    assert notices.isHidden()


def test_removed_mask_without_corrections_is_no_news(notices, workplace):
    workplace.viewer.layers.remove(workplace.mask)
    assert notices.isHidden()


def test_removed_mask_can_be_put_back(notices, workplace):
    lose(workplace)
    assert not notices.isHidden()
    assert notices.words.text().startswith("“Infection” was removed")
    notices.put_back.click()
    assert workplace.mask in workplace.viewer.layers
    assert workplace.session.mask is workplace.editor
    assert notices.isHidden()
    workplace.editor.undo()
    assert workplace.mask.data.any()


def test_removed_mask_can_be_given_up(notices, workplace):
    lose(workplace)
    notices.let_go.click()
    assert notices.isHidden()
    assert workplace.session.editors == ()
    assert not list(recovery_folder().glob("*.journal"))


def test_every_one_of_several_removed_masks_can_be_put_back(notices, workplace):
    second = workplace.viewer.add_labels(
        workplace.mask.data.copy(), name="second", metadata=workplace.mask.metadata
    )
    editor = workplace.session.edit(second)
    editor.apply("Clear", np.zeros_like(second.data))
    lose(workplace)
    workplace.viewer.layers.remove(second)
    assert "“second”" in notices.words.text()
    notices.put_back.click()
    assert "“Infection”" in notices.words.text()
    notices.put_back.click()
    assert notices.isHidden()
    assert {layer.name for layer in workplace.viewer.layers} == {
        *("CT", "Infection", "second")
    }


class TestADiskThatRefuses:
    @pytest.fixture
    def autosave(self, notices, workplace):
        return workplace.session.autosave_of(workplace.editor)

    def test_it_is_told_until_it_takes_edits_again(self, notices, autosave):
        autosave.failed.emit("Your last corrections could not be backed up.")
        assert not notices.isHidden()
        assert notices.words.text() == "Your last corrections could not be backed up."
        assert notices.put_back.isHidden()
        autosave.recovered.emit()
        assert notices.isHidden()

    def test_removed_mask_is_told_beside_it_and_stays_told(
        self, notices, autosave, workplace
    ):
        autosave.failed.emit("The disk is full.")
        lose(workplace)
        assert notices.words.text().startswith("The disk is full.\n“Infection”")
        autosave.recovered.emit()
        assert notices.words.text().startswith("“Infection” was removed")
        assert not notices.put_back.isHidden()

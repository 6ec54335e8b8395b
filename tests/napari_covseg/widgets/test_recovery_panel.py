from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel

from covseg_core.io.nifti import write_nifti_ct
from covseg_core.labels import LESIONS
from covseg_core.registry.home import recovery_folder
from covseg_core.volume import CTVolume
from napari_covseg._convert import blank_mask_layer, ct_layer
from napari_covseg._files.open import open_path
from napari_covseg._session.session import Session
from napari_covseg.widgets._recovery_panel import RecoveryPanel

PAINTER = Path(__file__).parents[1] / "painter.py"
LONG = 180_000


@pytest.fixture
def session(qapp) -> Session:
    session = Session(ViewerModel())
    yield session
    session.close(keep=False)


@pytest.fixture
def panel(session, qtbot) -> RecoveryPanel:
    panel = RecoveryPanel(session)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def chest(tmp_path, phantom):
    write_nifti_ct(tmp_path / "chest.nii.gz", phantom.ct)
    return tmp_path / "chest.nii.gz"


def leave_behind(path, title="Infection", slices=1):
    """Paint on a scan in a session that ends without saving; gives the mask."""
    session = Session(ViewerModel())
    data, arguments, _ = open_path(path).layer
    scan = session.viewer.add_image(data, **arguments)
    session.choose_scan(scan)
    blank, arguments, _ = blank_mask_layer(scan.metadata, LESIONS, title)
    editor = session.edit(session.viewer.add_labels(blank, **arguments))
    painted = np.zeros_like(blank)
    painted[:slices, 10:20, 10:20] = 1
    editor.apply("Brush", painted)
    session.close(keep=True)
    return painted


def look(panel, qtbot) -> None:
    with qtbot.waitSignal(panel.looked, timeout=LONG):
        panel.look()


def recover(panel, qtbot) -> None:
    panel.recover.click()
    assert not panel.recover.isEnabled()
    qtbot.waitUntil(panel.recover.isEnabled, timeout=LONG)


def journals() -> list[str]:
    return sorted(path.name for path in recovery_folder().glob("*.journal"))


def test_nothing_is_offered_when_nothing_was_lost(panel, qtbot):
    look(panel, qtbot)
    assert panel.isHidden()


def test_strokes_of_a_killed_program_are_recovered(panel, session, chest, qtbot):
    painted_path = chest.with_name("painted.npy")
    command = [sys.executable, str(PAINTER), str(chest), str(painted_path)]
    painter = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert painter.stdout.readline() == b"painted\n"
    painter.send_signal(signal.SIGKILL)
    painter.communicate()
    look(panel, qtbot)
    assert not panel.isHidden()
    recover(panel, qtbot)
    painted = np.load(painted_path)
    assert painted.any()
    np.testing.assert_array_equal(session.mask.labels, painted)
    np.testing.assert_array_equal(session.scan.data, open_path(chest).layer[0])
    assert not session.mask.is_saved
    assert panel.isHidden()


def test_what_was_lost_is_described(panel, chest, qtbot, phantom):
    leave_behind(chest, "first <draft>")
    look(panel, qtbot)
    words = panel.words.text()
    volume = 100 * phantom.grid.voxel_ml
    assert "“first &lt;draft&gt;”" in words
    assert f"1 edit: ground-glass opacity {volume:.1f} ml" in words
    picture = panel.picture.pixmap().toImage()
    colours = {
        picture.pixelColor(x, y).name()
        for x in range(picture.width())
        for y in range(picture.height())
    }
    assert len(colours) > 1


def test_scan_that_is_gone_is_told_and_can_be_opened_by_hand(
    panel, session, chest, phantom, qtbot
):
    painted = leave_behind(chest)
    chest.unlink()
    look(panel, qtbot)
    recover(panel, qtbot)
    assert not panel.isHidden()
    assert "not where it was, or has changed" in panel.status.text()
    assert str(chest.parent) not in panel.status.text()
    assert len(journals()) == 1
    data, arguments, _ = ct_layer(phantom.ct, "moved")
    session.choose_scan(session.viewer.add_image(data, **arguments))
    recover(panel, qtbot)
    np.testing.assert_array_equal(session.mask.labels, painted)
    assert [layer.name for layer in session.viewer.layers] == [
        *("moved", "Infection (recovered)")
    ]


def test_scan_that_was_changed_does_not_get_the_mask(
    panel, session, chest, phantom, qtbot
):
    leave_behind(chest)
    chest.unlink()
    write_nifti_ct(chest, CTVolume(phantom.ct.hu + 1, phantom.grid))
    look(panel, qtbot)
    recover(panel, qtbot)
    assert "has changed" in panel.status.text()
    assert session.mask is None
    assert len(session.viewer.layers) == 0


def test_two_are_offered_one_after_the_other_the_newest_first(panel, chest, qtbot):
    leave_behind(chest, "older")
    leave_behind(chest, "newer")
    look(panel, qtbot)
    assert "“newer”" in panel.words.text()
    assert "1 more after this" in panel.words.text()
    panel.discard.click()
    assert "“older”" in panel.words.text()
    assert "more after" not in panel.words.text()
    assert len(journals()) == 1
    panel.discard.click()
    assert panel.isHidden()
    assert journals() == []


def test_both_of_two_can_be_recovered(panel, session, chest, qtbot):
    older = leave_behind(chest, "older", slices=2)
    newer = leave_behind(chest, "newer")
    look(panel, qtbot)
    recover(panel, qtbot)
    np.testing.assert_array_equal(session.mask.labels, newer)
    recover(panel, qtbot)
    np.testing.assert_array_equal(session.mask.labels, older)
    assert len(session.unsaved) == 2
    # One scan is enough for both.
    assert len(session.viewer.layers) == 3


def show(session, ct, name):
    data, arguments, _ = ct_layer(ct, name)
    layer = session.viewer.add_image(data, **arguments)
    session.choose_scan(layer)
    return layer


def test_scan_behind_another_gets_its_mask(panel, session, chest, phantom, qtbot):
    painted = leave_behind(chest)
    behind = show(session, phantom.ct, "behind")
    show(session, CTVolume(phantom.ct.hu + 1, phantom.grid), "front")
    look(panel, qtbot)
    recover(panel, qtbot)
    assert session.scan is behind
    np.testing.assert_array_equal(session.mask.labels, painted)
    assert [layer.name for layer in session.viewer.layers] == [
        *("behind", "front", "Infection (recovered)")
    ]


@pytest.mark.parametrize("is_removed", [False, True], ids=["switched", "removed"])
def test_scan_that_goes_while_it_is_looked_for_gets_its_mask(
    panel, session, chest, phantom, qtbot, is_removed
):
    painted = leave_behind(chest)
    scan = show(session, phantom.ct, "scan")
    look(panel, qtbot)
    panel.recover.click()
    if is_removed:
        session.viewer.layers.remove(scan)
    other = show(session, CTVolume(phantom.ct.hu + 1, phantom.grid), "other")
    qtbot.waitUntil(panel.recover.isEnabled, timeout=LONG)
    assert session.scan is scan
    assert scan in session.viewer.layers
    assert not other.visible
    np.testing.assert_array_equal(session.mask.labels, painted)


def test_later_asks_again_at_the_next_start(panel, chest, qtbot):
    leave_behind(chest)
    look(panel, qtbot)
    panel.later.click()
    assert panel.isHidden()
    assert len(journals()) == 1
    look(panel, qtbot)
    assert not panel.isHidden()


def test_buttons_have_tooltips(panel):
    assert all(
        button.toolTip() for button in (panel.recover, panel.later, panel.discard)
    )

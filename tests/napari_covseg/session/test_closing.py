from __future__ import annotations

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QLabel, QMainWindow

from covseg_core.registry.home import recovery_folder
from napari_covseg._session.closing import (
    CANCEL,
    DISCARD,
    KEEP,
    CloseGuard,
    ClosingDialog,
    ask,
    warn,
)


class Window(QMainWindow):
    """A window that may refuse to close, as napari's does after its own question."""

    refuses = False

    def closeEvent(self, event):
        if self.refuses:
            event.ignore()
        else:
            event.accept()


@pytest.fixture
def window(qtbot) -> Window:
    window = Window()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def guard(workplace, window):
    """A guard that is answered with `guard.answer`; questions are kept."""
    guard = CloseGuard.of(window, workplace.session)
    guard.questions = []

    def answered(names, window):
        guard.questions.append(names)
        return guard.answer

    guard.how = answered
    return guard


@pytest.fixture
def painted(workplace):
    workplace.mask.data[0, 0, 0] = 2
    return workplace


def journals() -> list[str]:
    return [path.name for path in recovery_folder().glob("*.journal")]


def test_nothing_is_asked_when_all_is_saved(guard, window):
    guard.answer = CANCEL
    assert window.close()
    assert guard.questions == []


def test_voxels_that_were_just_painted_are_asked_about(guard, window, painted):
    guard.answer = CANCEL
    assert not window.close()
    assert guard.questions == [("Infection",)]


def test_half_grown_mask_is_not_asked_about(guard, window, painted):
    painted.editor.lock()
    guard.answer = CANCEL
    assert window.close()
    assert guard.questions == []


def test_going_back_keeps_the_window_and_the_backup(guard, window, painted):
    guard.answer = CANCEL
    window.close()
    assert window.isVisible()
    painted.session.autosave_of(painted.editor).flush()
    assert len(journals()) == 1
    assert not painted.editor.is_saved


def test_closing_for_now_leaves_the_journal(guard, window, painted):
    guard.answer = KEEP
    assert window.close()
    assert len(journals()) == 1


def test_discarding_removes_the_journal(guard, window, painted):
    painted.editor.commit()
    painted.session.autosave_of(painted.editor).flush()
    guard.answer = DISCARD
    assert window.close()
    assert journals() == []


def test_window_that_stays_after_all_loses_nothing(guard, window, painted):
    guard.answer, window.refuses = DISCARD, True
    assert not window.close()
    painted.session.autosave_of(painted.editor).flush()
    assert len(journals()) == 1


def test_question_comes_again_the_next_time(guard, window, painted):
    guard.answer = CANCEL
    window.close()
    guard.answer = KEEP
    window.close()
    assert len(guard.questions) == 2


def test_window_has_one_guard(guard, window, workplace):
    assert CloseGuard.of(window, workplace.session) is guard


class TestRefusedBackup:
    @pytest.fixture
    def guard(self, guard, painted):
        """A guard of a mask that no disk takes; warnings are kept."""
        recovery_folder().parent.mkdir(parents=True, exist_ok=True)
        recovery_folder().write_text("in the place of the folder")
        guard.answer, guard.warnings = KEEP, []
        guard.warn = lambda window: guard.warnings.append(window) or guard.second
        return guard

    def test_reader_may_go_back_and_save_elsewhere(self, guard, window, painted):
        guard.second = CANCEL
        assert not window.close()
        assert guard.warnings == [window]
        assert painted.session.editors == (painted.editor,)

    def test_window_closes_if_the_reader_insists(self, guard, window, painted):
        guard.second = KEEP
        assert window.close()
        assert painted.session.editors == ()

    def test_discarding_needs_no_disk(self, guard, window, painted):
        guard.answer = DISCARD
        assert window.close()
        assert guard.warnings == []

    @pytest.mark.parametrize(
        ("caption", "answer"), [("Go back", CANCEL), ("Close and lose them", KEEP)]
    )
    def test_warning_gives_the_answer(self, window, caption, answer):
        def press():
            (button,) = (
                each
                for each in QApplication.activeModalWidget().buttons()
                if each.text() == caption
            )
            button.click()

        QTimer.singleShot(100, press)
        assert warn(window) == answer

    def test_warning_that_ends_without_an_answer_closes_nothing(self, window):
        QTimer.singleShot(100, lambda: QApplication.activeModalWidget().reject())
        assert warn(window) == CANCEL


class TestDialog:
    @pytest.fixture
    def dialog(self, qtbot) -> ClosingDialog:
        dialog = ClosingDialog(("first <b>", "second"))
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    @pytest.mark.parametrize(
        ("button", "answer"), [("keep", KEEP), ("discard", DISCARD), ("cancel", CANCEL)]
    )
    def test_every_button_has_its_answer(self, dialog, button, answer):
        getattr(dialog, button).click()
        assert dialog.answer == answer
        assert not dialog.isVisible()

    def test_escape_goes_back(self, dialog, qtbot):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialog.answer == CANCEL
        assert not dialog.isVisible()

    def test_enter_keeps_the_corrections(self, dialog, qtbot):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
        assert dialog.answer == KEEP

    def test_masks_are_named_as_they_are_written(self, dialog):
        (words,) = (label.text() for label in dialog.findChildren(QLabel))
        assert "<li>first &lt;b&gt;</li><li>second</li>" in words

    def test_buttons_have_tooltips(self, dialog):
        assert all(
            button.toolTip() for button in (dialog.keep, dialog.discard, dialog.cancel)
        )

    def test_asking_gives_the_answer(self, window):
        def press():
            QApplication.activeModalWidget().discard.click()

        QTimer.singleShot(100, press)
        assert ask(("Infection",), window) == DISCARD

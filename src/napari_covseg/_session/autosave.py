"""Write every edit of a mask to its journal, beside the window."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from covseg_core.editing.change import Change
from covseg_core.editing.journal import SUFFIX, JournalHeader, JournalWriter
from covseg_core.errors import CovsegError
from covseg_core.registry.home import recovery_folder
from napari_covseg._screen.preferences import autosave_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from napari_covseg._session.editor import MaskEditor

__all__ = ["Autosave"]

_AGAIN_S = 3.0
_LOOK_S = 0.01


class Autosave(QObject):
    """Follows an editor; its journal begins with the first edit.

    Once the mask is saved elsewhere the journal goes, and the next edit begins a new
    one.

    Parameters
    ----------
    editor : MaskEditor
        Owns this object.
    header : callable
        Tells which scan, when a journal begins.
    hash_of_scan : callable
        Its hash; called in the thread that writes.

    Attributes
    ----------
    failed : Signal
        Sends a sentence when an edit cannot be written, mostly as the disk refuses
        it; it is tried again until it can.
    recovered : Signal
        Sent when it does again.
    """

    failed = Signal(str)
    recovered = Signal()

    def __init__(
        self,
        editor: MaskEditor,
        header: Callable[[], JournalHeader],
        hash_of_scan: Callable[[], str],
    ) -> None:
        super().__init__(editor)
        self._hash_of_scan = hash_of_scan
        self._editor = editor
        self._header = header
        self._scribe: _Scribe | None = None
        self._ticked = editor.checked
        self._timer = QTimer(self)
        self._timer.setInterval(1000 * autosave_seconds())
        self._timer.timeout.connect(self._write_draft)
        self._timer.start()
        editor.edited.connect(self._on_edit)
        editor.state_changed.connect(self._on_state)

    @property
    def path(self) -> Path | None:
        """The journal; None while nothing is unsaved."""
        return self._scribe.path if self._scribe else None

    def flush(self) -> None:
        """Wait until the disk has everything; for tests and before closing."""
        if self._scribe is not None:
            self._scribe.flush()

    def then(self, act: Callable[[], None]) -> None:
        """Do something, in the thread that writes, once all so far is on disk."""
        if self._scribe is not None:
            self._scribe.write("then", act)

    def settle(self) -> bool:
        """Wait until the disk has everything, or refuses; gives whether it has."""
        return self._scribe is None or self._scribe.settle()

    def keep(self) -> None:
        """End, and leave the journal for the next start."""
        self._timer.stop()
        if self._scribe is not None:
            self._scribe.close(remove=False)
            self._scribe = None

    def drop(self) -> None:
        """Remove the journal: all is saved, or wanted no more."""
        if self._scribe is not None:
            self._scribe.close(remove=True)
            self._scribe = None

    def begin(self, first: Change | None) -> None:
        """Begin a journal with an edit that was made before, as after a recovery."""
        self._open(first)
        if self._scribe is not None and first is not None:
            self._scribe.write("change", first)

    def _on_edit(self, change: Change) -> None:
        # What a model drew alone can be drawn again.
        if self._scribe is None and not self._editor.is_saved:
            self._open(change)
        if self._scribe is not None:
            self._scribe.write("change", change)

    def _on_state(self) -> None:
        if self._editor.is_saved:
            self.drop()
        elif self._editor.checked != self._ticked:
            self._ticked = self._editor.checked
            if self._scribe is None:
                self._open(None)
            self._write_ticked()

    def _write_ticked(self) -> None:
        if self._scribe is not None:
            self._scribe.write("checked", tuple(sorted(self._ticked)))

    def _write_draft(self) -> None:
        draft = self._editor.draft() if self._editor.is_stroking else None
        if draft is None:
            return
        if self._scribe is None:
            self._open(None)
        if self._scribe is not None:
            self._scribe.write("draft", draft)

    def _open(self, first: Change | None) -> None:
        """Begin a journal with the mask as it was before its first edit."""
        base = self._editor.kept.copy(), first
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        name = f"{moment}-{secrets.token_hex(4)}{SUFFIX}"
        self._scribe = _Scribe(recovery_folder() / name, self._promise(), self)
        self._scribe.write("base", base)
        if self._ticked:
            self._write_ticked()

    def _promise(self) -> Callable[[], JournalHeader]:
        header, hash_of_scan = self._header(), self._hash_of_scan
        return lambda: header.model_copy(update={"image_sha256": hash_of_scan()})


class _Scribe:
    """A thread that owns one `JournalWriter`."""

    def __init__(
        self, path: Path, header: Callable[[], JournalHeader], teller: Autosave
    ) -> None:
        self.path = path
        self._header = header
        self._teller = teller
        self._writer: JournalWriter | None = None
        self._waiting: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._is_closing = threading.Event()
        self._gives_up = False
        self._is_refused = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def write(self, kind: str, content: Any) -> None:
        """Write one entry soon."""
        self._waiting.put((kind, content))

    def flush(self) -> None:
        """Wait for all entries."""
        self._waiting.join()

    def settle(self) -> bool:
        """Wait until all entries are written or the disk refuses one."""
        while self._waiting.unfinished_tasks and not self._is_refused:
            time.sleep(_LOOK_S)
        return not self._waiting.unfinished_tasks

    def close(self, *, remove: bool) -> None:
        """Write what waits, unless it is to be removed, and end.

        A disk that refuses is asked once more, and not for ever.
        """
        self._gives_up = remove
        self._is_closing.set()
        self._waiting.put(("remove" if remove else "close", None))
        self._thread.join()

    def _work(self) -> None:
        kind = ""
        while kind not in ("remove", "close"):
            kind, content = self._waiting.get()
            try:
                self._insist(kind, content)
            finally:
                self._waiting.task_done()

    def _insist(self, kind: str, content: Any) -> None:
        """Try until the disk takes it or it is wanted no more."""
        while True:
            is_last_try = self._is_closing.is_set()
            try:
                self._do(kind, content)
            except Exception as error:  # noqa: BLE001 - later edits must be written, too
                self._refuse(error)
                if is_last_try:
                    # Edits after one that is missing would make another mask.
                    self._gives_up = True
                    return
                self._is_closing.wait(_AGAIN_S)
            else:
                break
        if self._is_refused:
            self._is_refused = False
            self._teller.recovered.emit()

    def _refuse(self, error: Exception) -> None:
        if not self._is_refused:
            self._is_refused = True
            self._teller.failed.emit(_told(error))

    def _do(self, kind: str, content: Any) -> None:
        if kind in ("remove", "close"):
            self._end(remove=kind == "remove")
            return
        if self._gives_up:
            return
        if self._writer is None:
            self._writer = JournalWriter(self.path, self._header())
        if kind == "base":
            self._writer.write_base(_base(*content))
        elif kind == "then":
            content()
        elif kind == "checked":
            self._writer.write_checked(content)
        elif kind == "draft":
            self._writer.write_draft(content)
        else:
            self._writer.write_change(content)

    def _end(self, *, remove: bool) -> None:
        if self._writer is not None and remove:
            self._writer.remove()
        elif self._writer is not None:
            self._writer.close()
        self._writer = None


def _base(labels: npt.NDArray[np.uint8], first: Change | None) -> Change | None:
    """Compare a mask, before its first edit, with an empty one."""
    if first is not None:
        first.revert(labels)
    return Change.between("", np.zeros_like(labels), labels)


def _told(error: Exception) -> str:
    return (
        f"Your last corrections could not be backed up: {_reason(error)}. They are "
        "still here; save the mask elsewhere. CovSeg goes on trying."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "the disk refused").lower()
    if isinstance(error, MemoryError):
        return "memory ran out"
    if isinstance(error, CovsegError):
        return str(error).rstrip(".")
    return f"CovSeg met an error that it does not know ({type(error).__name__})"
